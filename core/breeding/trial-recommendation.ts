import type { BreedingRule, RuleTrait } from '#schemas/breeding-rule.ts';
import type { Flight } from './plot-values.ts';
import type { ExcludedPlot, TrialPlot } from './trial-plots.ts';
import type { RecommendationRow } from './trial-rows.ts';

/** A line, entry or check, with everything that the report shows. */
export interface LineSummary {
  readonly germplasm: string;
  readonly adjustedMean: number | null;
  readonly standardError: number | null;
  readonly difference: number | null;
  readonly differenceStandardError: number | null;
  /** 95 % confidence interval of the difference. */
  readonly differenceInterval: readonly [number, number] | null;
  readonly plotCount: number;
  /** Adjusted mean in each trait of the rule, in its own unit. */
  readonly traitMeans: readonly (number | null)[];
}

export interface TrialRecommendation {
  readonly recommendationId: string;
  readonly farmId: string;
  readonly trialId: string;
  readonly rule: BreedingRule;
  readonly snapshots: Readonly<Record<string, string>>;
  /** What decided: `label` as in the rows, in its own unit or, for an index, in standard deviations. */
  readonly trait: { readonly label: string; readonly isIndex: boolean; readonly direction: 'higher' | 'lower' };
  readonly traits: readonly TraitFacts[];
  /** `null` when no plot is usable. */
  readonly model: ModelFacts | null;
  /** The yardstick; `null` when no check has a mean. */
  readonly reference: {
    readonly germplasm: readonly string[];
    readonly mean: number;
    readonly standardError: number | null;
  } | null;
  readonly checks: readonly LineSummary[];
  /** By rank, each beside its row. */
  readonly lines: readonly (LineSummary & { readonly row: RecommendationRow })[];
  /** gold.recommendation, by rank. */
  readonly rows: readonly RecommendationRow[];
  readonly flights: readonly Flight[];
  /** All plots of known germplasm; `value` is of the deciding trait or index, `null` when excluded. */
  readonly plots: readonly (TrialPlot & { readonly value: number | null })[];
  readonly excludedPlots: readonly ExcludedPlot[];
  readonly notes: readonly string[];
}

export interface TraitFacts {
  readonly name: string;
  readonly source: RuleTrait['source'];
  readonly direction: RuleTrait['direction'];
  readonly weight: number;
  /** Mean and standard deviation of the adjusted means. */
  readonly centre: number;
  readonly scale: number;
  readonly residualSd: number | null;
}

export interface ModelFacts {
  readonly method: string;
  readonly model: string;
  readonly plotCount: number;
  readonly replicateCount: number;
  readonly blockCount: number;
  readonly residualDf: number;
  readonly residualSd: number | null;
  readonly uncertaintyReason: string | null;
}
