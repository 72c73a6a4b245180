import { controlKeys } from '#schemas/object-keys.ts';
import type { Comparison, Replacement } from '#schemas/replacement.ts';
import { tableName } from '#schemas/table-definition.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import type { FlowContext, TableView } from '../flow-context.ts';
import { payloadNamed } from '../granule-assembly.ts';
import { heldFiles, rowPredicates } from '../granule-files.ts';
import { writeRecord } from '../ledger.ts';
import { type CompleteOutcome, stagedOutcomes } from './stage-replacement.ts';

/**
 * Compares what the tables show of each granule with what the branch holds, and keeps the answer beside the replacement.
 * Old rows in a file that maintenance merged with other granules' are not compared: they count as absent.
 * @throws as `stagedOutcomes`
 */
export async function compareReplacement(
  context: FlowContext & TableView,
  replacement: Replacement,
): Promise<Comparison> {
  const outcomes = await stagedOutcomes(context, replacement);
  const granules: Comparison['granules'] = [];
  for (const [position, { granule, earlier_ids }] of replacement.granules.entries()) {
    const payload = payloadNamed(context.payloads, granule.payload);
    const before = await liveNow(context, replacement, position);
    const after = stagedFiles(outcomes[position]!);
    granules.push({
      granule_key: granule.granule_key,
      old_row_counts: rowCounts(before),
      new_row_counts: rowCounts(after),
      differences: earlier_ids.length === 0 ? [] : ((await payload.compare?.(before, after, context.warehouse)) ?? []),
    });
  }
  const comparison = { replacement_id: replacement.replacement_id, granules };
  await writeRecord(context.warehouse, controlKeys.comparison(replacement.replacement_id), comparison);
  return comparison;
}

/** The largest mean difference of any index or band of any granule; null where nothing could be compared. */
export function largestDifference({ granules }: Comparison): number | null {
  const means = granules.flatMap(({ differences }) => differences.map((difference) => difference.mean_absolute));
  const known = means.filter((mean) => mean !== null);
  return known.length === 0 ? null : Math.max(...known);
}

async function liveNow(
  context: FlowContext & TableView,
  replacement: Replacement,
  position: number,
): Promise<Record<string, DataFile[]>> {
  const { granule, earlier_ids } = replacement.granules[position]!;
  const files: Record<string, DataFile[]> = {};
  for (const table of payloadNamed(context.payloads, granule.payload).tables) {
    const predicates = rowPredicates(table, [granule.granule_key], earlier_ids);
    const live = await context.liveFiles(table, { predicates });
    const { owned } = await heldFiles(table, live.files, new Set(earlier_ids), context.processingsIn);
    files[tableName(table)] = owned.map(({ file }) => file);
  }
  return files;
}

function stagedFiles(outcome: CompleteOutcome): Record<string, readonly DataFile[]> {
  return Object.fromEntries(outcome.tables.map(({ table, data_files }) => [table, data_files]));
}

function rowCounts(files: Readonly<Record<string, readonly DataFile[]>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(files).map(([table, some]) => [table, some.reduce((sum, file) => sum + file.recordCount, 0)]),
  );
}
