import { ingestOffsetsKey, settlementKey } from '#schemas/edge-messages.ts';
import type { PlannedGranule, SettlementPlan } from '#schemas/ledger.ts';
import { parseRawKey } from '#schemas/object-keys.ts';
import { type ColumnDefinition, type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { edgeProcessingId } from '../edge/edge-processing.ts';
import { FormatError, NotFoundError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { TableChange } from '../formats/iceberg/publish.ts';
import { commitAttemptCountMax } from '../limits.ts';
import type { SettleContext, TouchedPartitions } from './flow-context.ts';
import { heldFiles, type OwnedFile, rowPredicates } from './granule-files.ts';
import { shortHash } from './granule-version.ts';
import type { Payload } from './payload.ts';

export type CompleteGranule = Extract<PlannedGranule, { verdict: 'complete' }>;

export function completeGranules(plan: SettlementPlan): CompleteGranule[] {
  return plan.granules.filter((granule) => granule.verdict === 'complete');
}

/**
 * Tables that the complete granules of a settlement have rows for, or had, in the order of the payload's tables.
 * @throws FormatError when an outcome names a table that its payload does not have. Disposition: quarantine.
 */
export function touchedTables(plan: SettlementPlan, payload: Payload): readonly TableDefinition[] {
  const granules = completeGranules(plan);
  const known = new Set(payload.tables.map(tableName));
  const foreign = granules.flatMap(({ tables }) => tables).find(({ table }) => !known.has(table));
  if (foreign !== undefined) {
    throw new FormatError(`Expected tables ${[...known].join(', ')}, got ${foreign.table} (payload ${payload.name}).`);
  }
  return granules.length === 0 ? [] : payload.tables;
}

/**
 * Puts the staged files of all complete granules into one table and takes out what it holds of their earlier processings,
 * the field's among them, in one snapshot. What it holds is asked of the table in every attempt: another writer may have
 * compacted the files or rolled them back since, and a table that is taken back between the look and the commit, or that gets
 * rows from the field, is looked at again. A file that holds rows of other granules too is written anew without these. The
 * commit id is the same in every attempt, so that only one of them counts.
 *
 * @param branch Where to; main when undefined.
 * @returns null when the table has nothing to change.
 * @throws as `publish`.
 */
export async function publishTable(
  context: Pick<SettleContext, 'publish' | 'liveFiles' | 'processingsIn' | 'withoutProcessings'>,
  table: TableDefinition,
  plan: SettlementPlan,
  branch: string | undefined,
): Promise<bigint | null> {
  const granules = completeGranules(plan);
  const commitId = settlementCommitId(plan.manifest_id, table);
  const ids = granules.flatMap((granule) => [...granule.earlier_ids, granule.processing_id]);
  // What the field has made of a granule is an earlier processing too. A branch shows nobody anything yet.
  if (branch === undefined) ids.push(...granules.map(({ granule }) => edgeProcessingId(granule.granule_key)));
  const keys = granules.map(({ granule }) => granule.granule_key);
  const query = {
    predicates: rowPredicates(table, keys, ids),
    commitId,
    ...(branch === undefined ? {} : { branch }),
  };
  for (let attempt = 1; ; attempt++) {
    const { snapshotId: baseSnapshotId, files, committedId } = await context.liveFiles(table, query);
    if (committedId !== null) return committedId;
    const { owned, shared } = await heldFiles(table, files, new Set(ids), context.processingsIn);
    const rests: (DataFile | null)[] = [];
    // One after the other: each may take a good part of a function's memory.
    for (const file of shared) rests.push(await context.withoutProcessings(table, file, ids));
    const change = withoutShared(changeOf(plan.manifest_id, table, granules, owned), shared, rests);
    const isEmpty = change.addFiles.length + change.removePaths.length === 0;
    // A sink that looked before this settlement must find a snapshot of it, or its rows would come after.
    if (isEmpty && (branch !== undefined || !mayHoldEdgeRows(table) || baseSnapshotId === null)) return null;
    try {
      const look = { baseSnapshotId, lookAgainAfter: [ingestOffsetsKey] };
      const named = { ...change, ...look, commitId, ...(branch === undefined ? {} : { branch }) };
      return (await context.publish(table, named)).snapshotId;
    } catch (error) {
      if (!(error instanceof NotFoundError) || attempt === commitAttemptCountMax) throw error;
    }
  }
}

/** One commit of each table for each settlement, however often it is repeated. */
export function settlementCommitId(manifestId: string, table: TableDefinition): string {
  return shortHash(`${manifestId}:${tableName(table)}`);
}

/** Tables that a sink writes to. */
export function mayHoldEdgeRows(table: TableDefinition): boolean {
  return table === silverReflectance || table === goldPlotIndex;
}

/** Files that granules share with others give way to the same files without them. */
function withoutShared(
  change: Omit<TableChange, 'commitId'>,
  shared: readonly DataFile[],
  rests: readonly (DataFile | null)[],
): Omit<TableChange, 'commitId'> {
  return {
    ...change,
    addFiles: [...change.addFiles, ...rests.filter((rest) => rest !== null)],
    removePaths: [...change.removePaths, ...shared.map(({ path }) => path)],
  };
}

function changeOf(
  manifestId: string,
  table: TableDefinition,
  granules: readonly CompleteGranule[],
  owned: readonly OwnedFile[],
): Omit<TableChange, 'commitId'> {
  const columns = new Map<number, ColumnDefinition>();
  const addFiles: DataFile[] = [];
  const live = new Set(owned.map(({ file }) => file.path));
  const staged = new Set<string>();
  for (const granule of granules) {
    for (const candidate of granule.tables.filter((each) => each.table === tableName(table))) {
      for (const { path } of candidate.data_files) staged.add(path);
      addFiles.push(...candidate.data_files.filter(({ path }) => !live.has(path)));
      for (const column of candidate.extra_columns) {
        columns.set(column.id, { ...column, required: false, metrics: 'none' });
      }
    }
  }
  return {
    extraColumns: [...columns.values()].toSorted((left, right) => left.id - right.id),
    addFiles,
    removePaths: [...live].filter((path) => !staged.has(path)),
    summary: { [settlementKey]: manifestId, 'cubelake.granule-count': String(granules.length) },
  };
}

/** Farms and dates of the complete granules, as their raw keys tell them. */
export function touchedPartitions(plan: SettlementPlan, tables: readonly string[]): TouchedPartitions {
  const touched = new Map<string, { farmId: string; date: string }>();
  for (const { granule } of completeGranules(plan)) {
    const key = parseRawKey(`${granule.granule_key}.x`);
    if (key !== null) touched.set(`${key.farmId}/${key.date}`, { farmId: key.farmId, date: key.date });
  }
  return { touched: [...touched.values()], tables, commitId: shortHash(`${plan.manifest_id}:derived`) };
}
