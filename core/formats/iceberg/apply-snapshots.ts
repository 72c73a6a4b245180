import { CommitConflictError } from '../../errors.ts';
import { refuse } from './apply-structure.ts';
import { mainBranch, type Snapshot, type SnapshotRef, snapshotById, type TableMetadata } from './table-metadata.ts';

/** Clocks of writers may differ; a snapshot may be this much older than what it follows. @source Iceberg table specification, "Snapshots" */
const clockToleranceMs = 60_000;

export function withSnapshot(metadata: TableMetadata, snapshot: Snapshot, table: string): Partial<TableMetadata> {
  const id = snapshot['snapshot-id'];
  const sequenceNumber = snapshot['sequence-number'];
  if (snapshotById(metadata, id) !== null) refuse(table, `a new snapshot id, got ${id} again`);
  if (metadata['format-version'] === 2 && sequenceNumber <= metadata['last-sequence-number'])
    // On another branch, where no requirement told them apart.
    throw new CommitConflictError(
      `Expected a sequence number above ${metadata['last-sequence-number']}, got ${sequenceNumber} (${table}). Another writer committed first.`,
      { table },
    );
  const parentId = snapshot['parent-snapshot-id'] ?? null;
  // Both follow from what others did since the writer looked: staged anew, the same change is good.
  if (parentId !== null && snapshotById(metadata, parentId) === null)
    throw new CommitConflictError(
      `Expected a parent in the table, got ${parentId} (${table}). It was expired: stage the change anew.`,
      { table },
    );
  const newestMs = Math.max(
    metadata['last-updated-ms'],
    ...metadata['snapshot-log'].map((entry) => entry['timestamp-ms']),
  );
  if (snapshot['timestamp-ms'] < newestMs - clockToleranceMs)
    throw new CommitConflictError(
      `Expected a snapshot time of at least ${newestMs - clockToleranceMs} ms, got ${snapshot['timestamp-ms']} ms (${table}). Another writer's clock is ahead: stage the change anew.`,
      { table },
    );
  return {
    snapshots: [...metadata.snapshots, snapshot],
    'last-sequence-number': sequenceNumber,
    'last-updated-ms': Math.max(metadata['last-updated-ms'], snapshot['timestamp-ms']),
  };
}

export function withRef(
  metadata: TableMetadata,
  name: string,
  ref: SnapshotRef,
  table: string,
): Partial<TableMetadata> {
  const snapshot = snapshotById(metadata, ref['snapshot-id']);
  if (snapshot === null) refuse(table, `a snapshot of the table for ref ${name}, got ${ref['snapshot-id']}`);
  const before = metadata.refs[name];
  if (before !== undefined && before.type !== ref.type)
    refuse(table, `ref ${name} to stay a ${before.type}, got a ${ref.type}`);
  const refs = { ...metadata.refs, [name]: ref };
  if (name !== mainBranch || metadata['current-snapshot-id'] === ref['snapshot-id']) return { refs };
  // A rollback is logged at the time it happens, not at the time of the old snapshot, and in a moment of its own: engines differ
  // in which of two entries of one moment a time means.
  const log = metadata['snapshot-log'];
  const isNew = snapshot['timestamp-ms'] > (log.at(-1)?.['timestamp-ms'] ?? Number.NEGATIVE_INFINITY);
  const afterLastMs = isNew ? snapshot['timestamp-ms'] : log.at(-1)!['timestamp-ms'] + 1;
  const timestampMs = Math.max(afterLastMs, metadata['last-updated-ms']);
  return {
    refs,
    'current-snapshot-id': ref['snapshot-id'],
    'snapshot-log': [...log, { 'snapshot-id': ref['snapshot-id'], 'timestamp-ms': timestampMs }],
    'last-updated-ms': timestampMs,
  };
}

/** A snapshot that a reference names cannot go: whoever made the reference meanwhile relies on it. */
export function withoutSnapshots(
  metadata: TableMetadata,
  ids: readonly bigint[],
  table: string,
): Partial<TableMetadata> {
  const gone = new Set(ids);
  const current = metadata['current-snapshot-id'];
  if (current !== null && gone.has(current))
    refuse(table, `the current snapshot to stay, got its removal (${current})`);
  const held = Object.entries(metadata.refs).find(([, ref]) => gone.has(ref['snapshot-id']));
  if (held !== undefined)
    throw new CommitConflictError(
      `Expected snapshots without references to be removed, got ${held[1]['snapshot-id']} of ${held[0]} (${table}). Remove the reference first.`,
      { table },
    );
  // A gap in the log would lie to time travel: history before the last removed snapshot goes with it.
  const lastGone = metadata['snapshot-log'].findLastIndex((entry) => gone.has(entry['snapshot-id']));
  const stays = (each: { readonly 'snapshot-id': bigint }) => !gone.has(each['snapshot-id']);
  const { statistics, 'partition-statistics': partitionStatistics } = metadata;
  return {
    snapshots: metadata.snapshots.filter(stays),
    'snapshot-log': metadata['snapshot-log'].slice(lastGone + 1),
    ...(statistics === undefined ? {} : { statistics: statistics.filter(stays) }),
    ...(partitionStatistics === undefined ? {} : { 'partition-statistics': partitionStatistics.filter(stays) }),
  };
}
