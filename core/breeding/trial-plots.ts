import { FormatError, NotFoundError } from '../errors.ts';
import type { PlotRow } from './trial-rows.ts';

/** A plot of the trial that grows a known line in a known place of the design. */
export interface TrialPlot {
  readonly plotId: string;
  readonly germplasm: string;
  readonly isCheck: boolean;
  readonly replicate: string | null;
  readonly block: string | null;
  readonly cropRow: number | null;
  readonly fieldColumn: number | null;
}

export interface ExcludedPlot {
  readonly plotId: string;
  readonly germplasm: string | null;
  readonly reason: string;
}

export interface TrialPlots {
  /** Ascending by plot id. */
  readonly plots: readonly TrialPlot[];
  readonly excluded: readonly ExcludedPlot[];
  /** Names of the checks, also of those that lost all plots; ascending. */
  readonly checkNames: readonly string[];
  /** Names of the lines under test, likewise. */
  readonly entryNames: readonly string[];
  /** Another trial of the farm that uses the same plot id. */
  readonly otherTrialByPlot: ReadonlyMap<string, string>;
  /** Oddities that were tolerated, each a sentence. */
  readonly notes: readonly string[];
}

/**
 * The plots of one trial. A line is a check when any of its plots says so. Plots without germplasm, or without the replicate
 * or block that the others have, are excluded.
 *
 * @throws NotFoundError when the farm has no plot of that trial; FormatError when two plot sets describe one plot
 *   differently. Disposition: quarantine.
 */
export function selectTrialPlots(rows: readonly PlotRow[], trial: { farmId: string; trialId: string }): TrialPlots {
  const own = rows.filter((row) => row.farm_id === trial.farmId && row.trial_id === trial.trialId);
  if (own.length === 0) {
    throw new NotFoundError(
      `Expected plots of trial "${trial.trialId}" on farm "${trial.farmId}" in ref.plots, got none. ${knownTrials(rows, trial.farmId)}`,
      trial,
    );
  }
  const unique = uniquePlots(own);
  const checks = new Set(unique.filter(isCheckPlot).map((row) => row.germplasm));
  const names = [...new Set(unique.flatMap((row) => row.germplasm ?? []))].sort();
  const grown = unique.filter((row) => row.germplasm !== null);
  const hasReplicates = grown.some((row) => row.replicate !== null);
  const hasBlocks = grown.some((row) => row.block !== null);
  const plots: TrialPlot[] = [];
  const excluded: ExcludedPlot[] = [];
  for (const row of unique) {
    const { plot_id: plotId, germplasm, replicate, block } = row;
    const exclude = (reason: string): number => excluded.push({ plotId, germplasm, reason });
    if (germplasm === null) exclude('the plot set names no germplasm');
    else if (hasReplicates && replicate === null) exclude('the plot set names no replicate, but has replicates');
    else if (hasBlocks && block === null) exclude('the plot set names no block, but has blocks');
    else {
      const position = { cropRow: row.crop_row, fieldColumn: row.field_column };
      plots.push({ plotId, germplasm, isCheck: checks.has(germplasm), replicate, block, ...position });
    }
  }
  const otherTrialByPlot = new Map(
    rows.flatMap((row) =>
      row.farm_id === trial.farmId && row.trial_id !== null && row.trial_id !== trial.trialId
        ? [[row.plot_id, row.trial_id] as const]
        : [],
    ),
  );
  return {
    plots,
    excluded,
    checkNames: names.filter((name) => checks.has(name)),
    entryNames: names.filter((name) => !checks.has(name)),
    otherTrialByPlot,
    notes: mixedEntryTypes(unique, checks),
  };
}

function isCheckPlot(row: PlotRow): boolean {
  return row.entry_type === 'check' && row.germplasm !== null;
}

function knownTrials(rows: readonly PlotRow[], farmId: string): string {
  const trials = new Set(
    rows.filter((row) => row.farm_id === farmId && row.trial_id !== null).map((row) => row.trial_id),
  );
  const shown = [...trials].sort().slice(0, 10);
  return shown.length === 0 ? 'Ingest a plot set with trial_id first.' : `Its trials: ${shown.join(', ')}.`;
}

/** One row per plot id, ascending. The same plot in two plot sets is fine as long as both say the same. */
function uniquePlots(rows: readonly PlotRow[]): PlotRow[] {
  const byId = new Map<string, PlotRow>();
  for (const row of rows) {
    const earlier = byId.get(row.plot_id);
    if (earlier !== undefined && designOf(earlier) !== designOf(row)) {
      throw new FormatError(
        `Expected one description of plot ${row.plot_id}, got two that differ (plot sets ${earlier.plot_set_id} and ${row.plot_set_id}). Give plots of different fields different ids, or remove one set.`,
        { plotId: row.plot_id },
      );
    }
    byId.set(row.plot_id, row);
  }
  return [...byId.values()].sort((a, b) => (a.plot_id < b.plot_id ? -1 : 1));
}

function designOf(row: PlotRow): string {
  return JSON.stringify([row.germplasm, row.replicate, row.block, row.entry_type, row.crop_row, row.field_column]);
}

function mixedEntryTypes(rows: readonly PlotRow[], checks: ReadonlySet<string | null>): string[] {
  const mixed = new Set(
    rows.filter((row) => checks.has(row.germplasm) && !isCheckPlot(row)).map((row) => row.germplasm),
  );
  return [...mixed]
    .sort()
    .map((germplasm) => `${germplasm} is a check in some plots only; all its plots count as check.`);
}
