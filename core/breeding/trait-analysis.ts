/** One usable plot of a trial. */
export interface PlotObservation {
  readonly plotId: string;
  readonly germplasm: string;
  readonly isCheck: boolean;
  /** `null` when the trial has no replicates. */
  readonly replicate: string | null;
  /** Block within the replicate; `null` when the trial has no blocks. */
  readonly block: string | null;
  /** In the trait's own unit; finite. */
  readonly value: number;
}

/** One germplasm, entry or check, as the analysis sees it. */
export interface LineEstimate {
  readonly germplasm: string;
  readonly isCheck: boolean;
  /** `null` when the design cannot give it; `missingReason` then says why. */
  readonly mean: number | null;
  /** Standard error of the mean; `null` without a residual variance. */
  readonly standardError: number | null;
  readonly plotCount: number;
  readonly missingReason: string | null;
}

/** What an analysis says of one trait in one trial. */
export interface TraitEstimates {
  readonly method: string;
  /** The model in words, e.g. `germplasm + replicate + block within replicate`. */
  readonly model: string;
  /** Ascending by germplasm, in code units. */
  readonly lines: readonly LineEstimate[];
  readonly plotCount: number;
  readonly replicateCount: number;
  readonly blockCount: number;
  readonly residualDf: number;
  /** Standard deviation of a plot around the model; `null` when the trial cannot say. */
  readonly residualSd: number | null;
  /** Why there are no standard errors; `null` when there are. */
  readonly uncertaintyReason: string | null;
  /** Covariance of the means of two lines (positions in `lines`), squared unit; NaN where a mean or the residual variance is missing. */
  covariance(lineIndex: number, otherIndex: number): number;
}

/**
 * The way from plots to genetic lines. Adjusted means by least squares are the implementation now; a mixed model would be
 * another, and nothing after it would change.
 */
export interface TraitAnalysis {
  readonly method: string;
  /** @param observations At least one plot. Their order does not matter. */
  analyse(observations: readonly PlotObservation[]): TraitEstimates;
}
