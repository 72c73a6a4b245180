import type { AvroRecord } from '../avro/avro-value.ts';
import { dataFileId } from './data-file-record.ts';
import { formatJson } from './json-int64.ts';
import type { ManifestFile } from './manifest-list.ts';
import { ancestorsOf, mainBranch, type Snapshot, type TableMetadata } from './table-metadata.ts';

/** Key of the summary entry that makes a commit recognisable for ever. */
export const commitIdKey = 'cubelake.commit-id';

/** Names the branch that a commit was made on, where that was not main. */
export const branchKey = 'cubelake.branch';

export interface SummaryFacts {
  readonly parent: Snapshot | null;
  readonly added: readonly AvroRecord[];
  readonly removed: readonly AvroRecord[];
  /** All manifests of the new snapshot. */
  readonly manifests: readonly ManifestFile[];
  readonly commitId: string;
  readonly branch: string;
  /** null: it follows from the files. */
  readonly operation: string | null;
  readonly extra: Readonly<Record<string, string>>;
}

/**
 * Counts of one snapshot. Totals of files and rows come from the manifest list and so are true whatever an earlier writer
 * left out; the total size continues the parent's.
 *
 * @source Apache Iceberg table specification, "Optional Snapshot Summary Fields"
 */
export function snapshotSummary(facts: SummaryFacts): Record<string, string> {
  const { parent, added, removed, manifests } = facts;
  const data = manifests.filter((manifest) => manifest.content === 'data');
  const fileCount = data.reduce((sum, each) => sum + (each.addedFileCount ?? 0) + (each.existingFileCount ?? 0), 0);
  const rowCount = data.reduce((sum, each) => sum + (each.addedRowCount ?? 0n) + (each.existingRowCount ?? 0n), 0n);
  const addedBytes = sumOf(added, dataFileId.fileSizeBytes);
  const removedBytes = sumOf(removed, dataFileId.fileSizeBytes);
  const partitions = new Set([...added, ...removed].map((file) => formatJson(file[dataFileId.partition])));
  const known = {
    ...facts.extra,
    operation: facts.operation ?? operationOf(added, removed),
    'changed-partition-count': partitions.size,
    ...(added.length === 0
      ? {}
      : {
          'added-data-files': added.length,
          'added-records': sumOf(added, dataFileId.recordCount),
          'added-files-size': addedBytes,
        }),
    ...(removed.length === 0
      ? {}
      : {
          'deleted-data-files': removed.length,
          'deleted-records': sumOf(removed, dataFileId.recordCount),
          'removed-files-size': removedBytes,
        }),
    'total-records': rowCount,
    'total-data-files': fileCount,
    ...totalSize(parent, addedBytes - removedBytes),
    ...deleteTotals(parent),
    [commitIdKey]: facts.commitId,
    ...(facts.branch === mainBranch ? {} : { [branchKey]: facts.branch }),
  };
  return Object.fromEntries(Object.entries(known).map(([key, value]) => [key, String(value)]));
}

const sizeKey = 'total-files-size';

/** Left out where an earlier writer broke the chain: a wrong total is worse than none. */
function totalSize(parent: Snapshot | null, change: bigint): Record<string, bigint> {
  const before = parent === null ? '0' : parent.summary[sizeKey];
  return before !== undefined && /^\d+$/.test(before) ? { [sizeKey]: BigInt(before) + change } : {};
}

/** Delete files are not ours to write; those that another writer made stay as they are. */
function deleteTotals(parent: Snapshot | null): Record<string, string> {
  const keys = ['total-delete-files', 'total-position-deletes', 'total-equality-deletes'];
  return Object.fromEntries(keys.map((key) => [key, parent?.summary[key] ?? '0']));
}

function sumOf(files: readonly AvroRecord[], id: string): bigint {
  return files.reduce((sum, file) => sum + (file[id] as bigint), 0n);
}

function operationOf(added: readonly AvroRecord[], removed: readonly AvroRecord[]): string {
  if (removed.length === 0) return 'append';
  return added.length === 0 ? 'delete' : 'overwrite';
}

/**
 * The snapshot that published this commit on a branch, current or not: a rolled back commit has happened too. What was
 * made on another branch has happened here once this one reaches it.
 */
export function snapshotOfCommit(metadata: TableMetadata, commitId: string, branch = mainBranch): Snapshot | null {
  const made = metadata.snapshots.filter((snapshot) => snapshot.summary[commitIdKey] === commitId);
  const here = made.find((snapshot) => (snapshot.summary[branchKey] ?? mainBranch) === branch);
  if (here !== undefined || made.length === 0) return here ?? null;
  const reached = ancestorsOf(metadata, metadata.refs[branch]?.['snapshot-id'] ?? metadata['current-snapshot-id']);
  return made.find((snapshot) => reached.includes(snapshot)) ?? null;
}
