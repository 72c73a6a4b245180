import { partIdColumn } from '#schemas/edge-columns.ts';
import { type EdgeComparison, type EdgeDifferences, edgeComparisonSchema } from '#schemas/edge-comparison.ts';
import type { SettlementPlan } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { edgeProcessingId } from '../edge/edge-processing.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { comparedRowGroupCountMax, comparedRowGroupSumMax, edgeComparisonMsMax } from '../limits.ts';
import type { SettleContext } from './flow-context.ts';
import { processingsOf, rowPredicates } from './granule-files.ts';
import { readRecord, writeRecord } from './ledger.ts';
import type { EdgeVersions, GranuleFiles, Payload } from './payload.ts';
import { type CompleteGranule, completeGranules, mayHoldEdgeRows, settlementCommitId } from './table-changes.ts';

/**
 * Compares what the tables hold from the field with what the cloud has made of the same granules, before it takes their
 * place, and keeps the answers. Rows that come between this look and the commit are compared with nothing. Nothing here fails a
 * settlement: a comparison that cannot be made says why. One that a settlement has made before a crash stays as it is,
 * because the rows of the field may be out of one of the tables since.
 *
 * @returns How many granules differ beyond tolerance.
 */
export async function compareEdgeRows(context: SettleContext, plan: SettlementPlan, payload: Payload): Promise<number> {
  const granules = completeGranules(plan);
  if (payload.compareEdge === undefined || granules.length === 0) return 0;
  const rowGroupCount = Math.floor(comparedRowGroupSumMax / granules.length);
  const comparing: Comparing = {
    context,
    manifestId: plan.manifest_id,
    ...(await edgeFilesOf(context, plan, payload)),
    endMs: context.clock.nowMs() + edgeComparisonMsMax,
    compareEdge: (versions) =>
      payload.compareEdge!({
        ...versions,
        warehouse: context.warehouse,
        rowGroupCountMax: Math.max(1, Math.min(comparedRowGroupCountMax, rowGroupCount)),
      }),
  };
  let beyondCount = 0;
  for (const granule of granules) {
    const comparison = await compareOnce(comparing, granule);
    if (comparison !== null && comparison.beyond.length > 0) beyondCount++;
  }
  return beyondCount;
}

interface Comparing {
  readonly context: SettleContext;
  readonly manifestId: string;
  /** Processing id -> files with rows of it. */
  readonly edgeFiles: ReadonlyMap<string, GranuleFiles>;
  /** This settlement has changed a table before. */
  readonly isRepeated: boolean;
  readonly endMs: number;
  readonly compareEdge: (versions: Pick<EdgeVersions, 'before' | 'beforeId' | 'after'>) => Promise<EdgeDifferences>;
}

/** @returns null for a granule of which the field has made nothing that is still there. */
async function compareOnce(comparing: Comparing, planned: CompleteGranule): Promise<EdgeComparison | null> {
  const { context, manifestId, edgeFiles, isRepeated, endMs, compareEdge } = comparing;
  const { warehouse, clock } = context;
  const { granule_key } = planned.granule;
  const key = controlKeys.edgeComparison(granule_key);
  const beforeId = edgeProcessingId(granule_key);
  const before = edgeFiles.get(beforeId);
  if (before === undefined && !isRepeated) {
    // What the settlement of an earlier version found is of rows that are not there any more.
    if (planned.earlier_ids.length > 0) await warehouse.delete(controlKeys.edgeMismatch(granule_key));
    return null;
  }
  const earlier = await readRecord(warehouse, key, edgeComparisonSchema);
  if (earlier?.value.manifest_id === manifestId) return earlier.value;
  if (before === undefined) return null;
  const after = Object.fromEntries(planned.tables.map(({ table, data_files }) => [table, data_files]));
  const differences =
    clock.nowMs() < endMs
      ? await compareEdge({ before, beforeId, after })
      : skippedBecause('The comparisons of this settlement took too long.');
  const identity = { granule_key, manifest_id: manifestId, processing_id: planned.processing_id };
  const comparison: EdgeComparison = { ...identity, ...differences };
  if (comparison.beyond.length > 0) await writeRecord(warehouse, controlKeys.edgeMismatch(granule_key), comparison);
  await writeRecord(warehouse, key, comparison);
  return comparison;
}

function skippedBecause(reason: string): EdgeDifferences {
  return { plots: [], plots_skipped: reason, cells: [], cells_skipped: reason, cell_facts: null, beyond: [] };
}

async function edgeFilesOf(
  context: SettleContext,
  plan: SettlementPlan,
  payload: Payload,
): Promise<Pick<Comparing, 'edgeFiles' | 'isRepeated'>> {
  const granules = completeGranules(plan);
  const keys = granules.map(({ granule }) => granule.granule_key);
  const ids = keys.map(edgeProcessingId);
  const wanted = new Set(ids);
  const found = new Map<string, Record<string, DataFile[]>>();
  let isRepeated = false;
  for (const table of payload.tables.filter(mayHoldEdgeRows)) {
    const { files, committedId } = await context.liveFiles(table, {
      predicates: rowPredicates(table, keys, ids),
      commitId: settlementCommitId(plan.manifest_id, table),
    });
    isRepeated ||= committedId !== null;
    // Files of the cloud have no part.
    for (const file of files.filter(({ lowerBounds }) => partIdColumn.id in lowerBounds)) {
      for (const id of await idsIn(context, table, file)) {
        if (!wanted.has(id)) continue;
        const tables = found.get(id) ?? {};
        tables[tableName(table)] = [...(tables[tableName(table)] ?? []), file];
        found.set(id, tables);
      }
    }
  }
  return { edgeFiles: found, isRepeated };
}

/** Ids of the processings that a file has rows of. A merged file that is gone would stop the commit too. */
async function idsIn(
  context: Pick<SettleContext, 'processingsIn'>,
  table: TableDefinition,
  file: DataFile,
): Promise<ReadonlySet<string>> {
  const held = processingsOf(table, file);
  if (held !== null && 'only' in held) return new Set([held.only]);
  return (await context.processingsIn(file)) ?? new Set();
}
