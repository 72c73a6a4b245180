import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { InvariantError, NotFoundError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { publish } from '../formats/iceberg/publish.ts';
import { compactionGroupCountPerCommit, compactionRoundCountMax } from '../limits.ts';
import { contentHash } from '../pipeline/content-hash.ts';
import { dataFileKey } from '../pipeline/stage-table.ts';
import type { MaintenanceContext } from './maintained-table.ts';
import {
  type CompactionGroup,
  type CompactionOptions,
  type CompactionPlan,
  planCompaction,
} from './plan-compaction.ts';
import { copyRowGroups, mergeRows } from './write-merged-file.ts';

export interface CompactionReport {
  /** Files that were replaced, and files that took their place. */
  readonly replacedCount: number;
  readonly writtenCount: number;
  readonly snapshotIds: readonly bigint[];
  /** Rounds in which another writer had replaced a file first. */
  readonly lostCount: number;
  readonly notes: readonly string[];
}

/**
 * Merges the small files of a table. Rows stay the same, snapshot by snapshot; writers go on meanwhile: an append stays, and
 * against a writer that replaced one of the files the compaction loses and plans again.
 *
 * @throws What publish throws; after CommitStateUnknownError call again (retry). Files that no commit names are orphans.
 */
export async function compact(
  context: MaintenanceContext,
  table: TableDefinition,
  options: CompactionOptions = {},
): Promise<CompactionReport> {
  let replacedCount = 0;
  let writtenCount = 0;
  let lostCount = 0;
  let notes: readonly string[] = [];
  const snapshotIds: bigint[] = [];
  for (let round = 1; round <= compactionRoundCountMax; round++) {
    const plan = await planCompaction(context, table, options);
    notes = plan.notes;
    let isLost = false;
    for (let start = 0; start < plan.groups.length; start += compactionGroupCountPerCommit) {
      const groups = plan.groups.slice(start, start + compactionGroupCountPerCommit);
      try {
        const { snapshotId } = await compactGroups(context, table, plan, groups);
        snapshotIds.push(snapshotId);
        replacedCount += groups.reduce((sum, group) => sum + group.files.length, 0);
        writtenCount += groups.length;
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        isLost = true;
      }
    }
    if (!isLost) break;
    lostCount++;
  }
  return { replacedCount, writtenCount, snapshotIds, lostCount, notes };
}

/**
 * Writes the new files of some groups and publishes them in one snapshot.
 * @throws NotFoundError when one of the files is not live any more: nothing happened, plan again.
 */
async function compactGroups(
  context: MaintenanceContext,
  table: TableDefinition,
  plan: CompactionPlan,
  groups: readonly CompactionGroup[],
): Promise<{ readonly snapshotId: bigint }> {
  const addFiles: DataFile[] = [];
  for (const group of groups) addFiles.push(await mergedFile(context, table, plan, group));
  const removePaths = groups.flatMap((group) => group.files.map((file) => file.path));
  // The base is part of the id: after a rollback the same files are compacted again.
  const commitId = contentHash(['compact', tableName(table), String(plan.baseSequenceNumber), removePaths]);
  const summary = { 'cubelake.maintenance': 'compaction' };
  const change = { commitId, extraColumns: [], addFiles, removePaths, summary };
  return publish(context, table, { ...change, operation: 'replace', baseSnapshotId: plan.snapshotId });
}

async function mergedFile(
  context: MaintenanceContext,
  table: TableDefinition,
  { baseSequenceNumber }: CompactionPlan,
  group: CompactionGroup,
): Promise<DataFile> {
  const { files, partition, mode } = group;
  // The base is part of the name: what an earlier compaction left behind may be removed as an orphan at any moment.
  const fileName = `compacted-${baseSequenceNumber}-${contentHash([mode, ...files.map((file) => file.path)])}.parquet`;
  const key = dataFileKey(table, partition, fileName);
  const target = { warehouse: context.warehouse, table, key, partition };
  const file = await (mode === 'merge' ? mergeRows(target, files) : copyRowGroups(target, files));
  if (file === null || file.recordCount !== group.recordCount)
    throw new InvariantError('Expected a compacted file with the rows of its parts', { key });
  return file;
}
