/** Columns of gold.plot_index that a recommendation reads. */
export interface PlotIndexRow {
  readonly farm_id: string;
  /** `yyyy-mm-dd`, UTC. */
  readonly acquisition_date: string;
  readonly cube_id: string;
  readonly sensor_id: string | null;
  readonly plot_id: string;
  readonly trial_id: string | null;
  readonly spectral_index: string;
  readonly valid_count: number;
  readonly valid_fraction: number;
  readonly mean: number | null;
  readonly null_reason: string | null;
}

/** Columns of ref.yields. */
export interface YieldRow {
  readonly farm_id: string;
  readonly source_id: string;
  readonly plot_id: string;
  readonly season: string | null;
  readonly trait: string;
  readonly value: number | null;
}

/** Columns of ref.plots without positions on the globe. */
export interface PlotRow {
  readonly farm_id: string;
  readonly plot_set_id: string;
  readonly plot_id: string;
  readonly trial_id: string | null;
  readonly crop_row: number | null;
  readonly field_column: number | null;
  readonly germplasm: string | null;
  readonly replicate: string | null;
  readonly block: string | null;
  readonly entry_type: string | null;
}

/** All columns of gold.recommendation. */
export interface RecommendationRow {
  readonly farm_id: string;
  readonly trial_id: string;
  readonly germplasm: string;
  readonly decision: 'Advance' | 'Discard';
  readonly probability: number | null;
  readonly rank: number;
  readonly trait: string;
  readonly adjusted_mean: number | null;
  readonly standard_error: number | null;
  readonly check_mean: number | null;
  readonly difference: number | null;
  readonly replicate_count: number;
  readonly rule_id: string;
  readonly rule_version: string;
  readonly reason: string;
  readonly snapshots: string;
  readonly recommendation_id: string;
}
