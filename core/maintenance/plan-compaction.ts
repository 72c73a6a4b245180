import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { FormatError, NotFoundError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { dataFileOf } from '../formats/iceberg/data-file-record.ts';
import { ManifestReader } from '../formats/iceberg/manifest-reader.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import { currentSnapshot, defaultSpec, type TableMetadata } from '../formats/iceberg/table-metadata.ts';
import { type ParquetFooter, readFooter } from '../formats/parquet/read-footer.ts';
import { dataFileBytesTarget, ledgerParallelCount, mergedRowCountMax, wholeRowGroupRowCountMin } from '../limits.ts';
import { inParallel } from '../pipeline/in-parallel.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { loadTable, type MaintenanceContext } from './maintained-table.ts';

/** `copy`: row groups go over as they are. `merge`: rows are decoded and sorted into one row group. */
export type CompactionMode = 'copy' | 'merge';

/** Files that become one. */
export interface CompactionGroup {
  readonly mode: CompactionMode;
  readonly partition: DataFile['partition'];
  /** In the order of the new file: by spatial cell, then by path. */
  readonly files: readonly DataFile[];
  readonly recordCount: number;
  readonly sizeBytes: number;
}

export interface CompactionPlan {
  readonly snapshotId: bigint | null;
  /** Last sequence number of the table when the plan was made. */
  readonly baseSequenceNumber: bigint;
  readonly groups: readonly CompactionGroup[];
  readonly fileCount: number;
  /** Why files or the table were left alone. */
  readonly notes: readonly string[];
}

export interface CompactionOptions {
  readonly fileBytesTarget?: number;
}

/**
 * Small files of each partition, grouped into files near the target size. Only files of the same columns go together.
 * Tables whose files are found by their names, and tables with delete files, are left alone.
 *
 * @throws NotFoundError without such a table. Disposition: quarantine.
 */
export async function planCompaction(
  context: MaintenanceContext,
  table: TableDefinition,
  options: CompactionOptions = {},
): Promise<CompactionPlan> {
  const fileBytesTarget = options.fileBytesTarget ?? dataFileBytesTarget;
  const { metadata } = await loadTable(context, table);
  const snapshotId = metadata['current-snapshot-id'];
  const base = { snapshotId, baseSequenceNumber: metadata['last-sequence-number'] };
  const nothing = (note: string): CompactionPlan => ({ ...base, groups: [], fileCount: 0, notes: [note] });
  if (!table.columns.some((column) => column.name === 'processing_id'))
    return nothing(`${tableName(table)}: its files are replaced whole and stay as they are`);
  const files = await liveFiles(metadata, context.warehouse);
  if (files === 'deletes')
    return nothing(`${tableName(table)}: another program deleted rows of it, compact it with that one first`);
  const groups: CompactionGroup[] = [];
  const notes: string[] = [];
  for (const small of smallFilesByPartition(files, fileBytesTarget)) {
    const facts = await inParallel(small, ledgerParallelCount, (file) => factsOf(context.warehouse, file, notes));
    const known = facts.filter((each) => each !== null);
    for (const alike of Map.groupBy(known, (each) => `${each.mode} ${each.signature}`).values())
      groups.push(...packed(alike, table, fileBytesTarget));
  }
  return { ...base, groups, fileCount: files.length, notes };
}

async function liveFiles(metadata: TableMetadata, warehouse: ObjectStore): Promise<DataFile[] | 'deletes'> {
  const reader = new ManifestReader(warehouse);
  const manifests = await reader.manifestsOf(currentSnapshot(metadata));
  if (manifests.some((each) => each.content === 'deletes')) return 'deletes';
  const spec = defaultSpec(metadata);
  const files: DataFile[] = [];
  const own = manifests.filter((each) => each.specId === spec['spec-id']);
  await reader.visitLive(own, (entries) => {
    for (const { file } of entries) files.push(dataFileOf(file, spec));
    return false;
  });
  return files;
}

/** Partitions with at least two files below half of the target. */
function smallFilesByPartition(files: readonly DataFile[], fileBytesTarget: number): DataFile[][] {
  const small = files.filter((file) => file.fileSizeBytes < fileBytesTarget / 2);
  return [...Map.groupBy(small, (file) => JSON.stringify(file.partition)).values()].filter((group) => group.length > 1);
}

interface FileFacts {
  readonly file: DataFile;
  readonly mode: CompactionMode;
  readonly signature: string;
}

/** @returns null, with a note, for a file that cannot be merged: of another program, unreadable, or gone meanwhile. */
async function factsOf(warehouse: ObjectStore, file: DataFile, notes: string[]): Promise<FileFacts | null> {
  try {
    const source = await warehouse.open(keyOf(warehouse, file.path));
    try {
      const footer = await readFooter(source);
      if (footer !== null) return { file, mode: modeOf(footer), signature: JSON.stringify(footer.columns) };
      notes.push(`${file.path}: written by another program`);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!(error instanceof FormatError) && !(error instanceof NotFoundError)) throw error;
    notes.push(`${file.path}: ${error.message}`);
  }
  return null;
}

function modeOf({ rowGroups }: ParquetFooter): CompactionMode {
  const rowCount = rowGroups.reduce((sum, group) => sum + group.rowCount, 0);
  return rowCount < rowGroups.length * wholeRowGroupRowCountMin ? 'merge' : 'copy';
}

/** Fills one file after the other; what stays alone is left as it is. */
function packed(alike: readonly FileFacts[], table: TableDefinition, fileBytesTarget: number): CompactionGroup[] {
  const cellId = table.columns.find((column) => column.name === 'cell')?.id;
  const ordered = alike.toSorted((a, b) => comparePlaces(a.file, b.file, cellId));
  const groups: FileFacts[][] = [];
  let sizeBytes = 0;
  let recordCount = 0;
  for (const each of ordered) {
    const { file, mode } = each;
    const fits =
      groups.length > 0 &&
      sizeBytes + file.fileSizeBytes <= fileBytesTarget &&
      (mode === 'copy' || recordCount + file.recordCount <= mergedRowCountMax);
    if (!fits) {
      groups.push([]);
      sizeBytes = 0;
      recordCount = 0;
    }
    groups.at(-1)!.push(each);
    sizeBytes += file.fileSizeBytes;
    recordCount += file.recordCount;
  }
  return groups.filter((group) => group.length > 1).map(groupOf);
}

function groupOf(group: readonly FileFacts[]): CompactionGroup {
  const files = group.map((each) => each.file);
  return {
    mode: group[0]!.mode,
    partition: files[0]!.partition,
    files,
    recordCount: files.reduce((sum, file) => sum + file.recordCount, 0),
    sizeBytes: files.reduce((sum, file) => sum + file.fileSizeBytes, 0),
  };
}

/** By the lowest cell; files without one come last. */
function comparePlaces(a: DataFile, b: DataFile, cellId: number | undefined): number {
  const [left, right] = [lowestCell(a, cellId), lowestCell(b, cellId)];
  if (left !== right) return left === null ? 1 : right === null ? -1 : left < right ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

function lowestCell(file: DataFile, cellId: number | undefined): bigint | null {
  const bound = cellId === undefined ? undefined : file.lowerBounds[cellId];
  return bound === undefined ? null : Buffer.from(bound, 'base64').readBigInt64LE();
}
