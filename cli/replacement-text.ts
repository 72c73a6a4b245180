import type { ReplacementPlan } from '#core/pipeline/replace/plan-replacement.ts';
import type { Comparison, Replacement } from '#schemas/replacement.ts';
import { tableText } from './table-text.ts';

/** Which cubes, and what making them again costs. */
export function planText({ replacement, costs, changedKeys }: ReplacementPlan): string {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const bytes = sum(costs.map((cost) => cost.bytesToRead));
  const rows = sum(costs.map((cost) => cost.rowCount));
  const isTimed = costs.every((cost) => cost.seconds !== null);
  const time = isTimed ? `about ${sum(costs.map((cost) => cost.seconds!)).toFixed(1)} s of work` : 'time unknown';
  const table = tableText(
    ['cube', 'calibration', 'from', 'MB', 'rows', 'changes'],
    costs.map((cost) => [
      cost.granuleKey,
      cost.calibrationId?.slice(0, 12) ?? null,
      cost.source,
      (cost.bytesToRead / 1e6).toFixed(3),
      cost.rowCount,
      cost.isOther ? 'yes' : 'no',
    ]),
  );
  return [
    table,
    `replacement ${replacement.replacement_id}: ${costs.length} cubes, ${(bytes / 1e6).toFixed(3)} MB to read, ${rows} rows, ${time}`,
    ...changedKeys.map((key) => `left out: ${key} changed in raw since it was settled`),
  ].join('\n');
}

/** Old against new, a line for each index and band of each cube. */
export function comparisonText({ replacement_id: id, granules }: Comparison, state: 'staged' | 'published'): string {
  const rows = granules.flatMap(({ granule_key: key, differences }) =>
    differences.map((each) => [
      key.split('/').at(-1)!,
      each.name,
      each.count,
      each.only_old_count,
      each.only_new_count,
      rounded(each.mean_absolute),
      rounded(each.root_mean_square),
      rounded(each.max_absolute),
    ]),
  );
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  const old = granules.reduce((total, granule) => total + sum(granule.old_row_counts), 0);
  const fresh = granules.reduce((total, granule) => total + sum(granule.new_row_counts), 0);
  const end =
    state === 'published'
      ? `replacement ${id} is published`
      : `replacement ${id} is on branch reprocess-${id}; "cubelake reprocess --publish ${id}" shows it, "--discard ${id}" drops it`;
  return [
    tableText(['cube', 'value', 'both', 'only old', 'only new', 'mean difference', 'RMS', 'largest'], rows),
    `${old} rows before, ${fresh} after`,
    end,
  ].join('\n');
}

export function listText(replacements: readonly Replacement[]): string {
  return tableText(
    ['replacement', 'state', 'cubes', 'branch'],
    replacements.map((each) => [each.replacement_id, each.state, each.granules.length, each.branch]),
  );
}

function rounded(value: number | null): string | null {
  return value === null ? null : value.toPrecision(3);
}
