import type { EdgeComparison } from '#schemas/edge-comparison.ts';
import type { SettlementPlan } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { tableName } from '#schemas/table-definition.ts';
import { edgeProcessingId } from '../edge/edge-processing.ts';
import { CubelakeError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { SettleContext } from './flow-context.ts';
import { heldFiles, processingsOf, rowPredicates } from './granule-files.ts';
import { writeRecord } from './ledger.ts';
import type { GranuleFiles, Payload } from './payload.ts';
import { type CompleteGranule, completeGranules } from './table-changes.ts';

/**
 * Compares what the tables hold from the field with what the cloud has made of the same granules, before it takes their
 * place, and keeps the answers. Rows that maintenance merged with other granules' count as absent. Nothing here fails a
 * settlement: a comparison that cannot be made says why.
 *
 * @returns How many granules differ beyond tolerance.
 */
export async function compareEdgeRows(context: SettleContext, plan: SettlementPlan, payload: Payload): Promise<number> {
  const granules = completeGranules(plan);
  if (payload.compareEdge === undefined || granules.length === 0) return 0;
  const edgeFiles = await edgeFilesOf(context, granules, payload);
  let beyondCount = 0;
  for (const granule of granules) {
    const before = edgeFiles.get(edgeProcessingId(granule.granule.granule_key));
    if (before === undefined) continue;
    const comparison = await compare(context, plan.manifest_id, granule, before, payload.compareEdge);
    await writeRecord(context.warehouse, controlKeys.edgeComparison(comparison.granule_key), comparison);
    if (comparison.beyond.length > 0) beyondCount++;
  }
  return beyondCount;
}

async function compare(
  { warehouse }: SettleContext,
  manifestId: string,
  { granule, processing_id, tables }: CompleteGranule,
  before: GranuleFiles,
  compareEdge: NonNullable<Payload['compareEdge']>,
): Promise<EdgeComparison> {
  const identity = { granule_key: granule.granule_key, manifest_id: manifestId, processing_id };
  const after = Object.fromEntries(tables.map(({ table, data_files }) => [table, data_files]));
  try {
    return { ...identity, ...(await compareEdge(before, after, warehouse)) };
  } catch (error) {
    if (!(error instanceof CubelakeError)) throw error;
    return { ...identity, plots: [], cells: [], cells_skipped: error.message, beyond: [] };
  }
}

/** Processing id -> table -> files of it alone. */
async function edgeFilesOf(
  context: SettleContext,
  granules: readonly CompleteGranule[],
  payload: Payload,
): Promise<Map<string, Record<string, DataFile[]>>> {
  const keys = granules.map(({ granule }) => granule.granule_key);
  const ids = keys.map(edgeProcessingId);
  const found = new Map<string, Record<string, DataFile[]>>();
  for (const table of payload.tables) {
    if (!table.columns.some(({ name }) => name === 'processing_id')) continue;
    const { files } = await context.liveFiles(table, { predicates: rowPredicates(table, keys, ids) });
    const whole = files.filter((file) => 'only' in (processingsOf(table, file) ?? {}));
    const { owned } = await heldFiles(table, whole, new Set(ids), context.holdsProcessing);
    for (const { file, processingId } of owned) {
      const tables = found.get(processingId) ?? {};
      tables[tableName(table)] = [...(tables[tableName(table)] ?? []), file];
      found.set(processingId, tables);
    }
  }
  return found;
}
