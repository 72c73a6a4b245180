import { CommitStateUnknownError, ConfigurationError, NotFoundError } from '../../errors.ts';
import type { Catalog, LoadedTable, TableIdentifier } from '../../ports/catalog.ts';
import { commitIdKey } from './snapshot-summary.ts';
import { mainBranch, type Snapshot, snapshotById, type TableMetadata } from './table-metadata.ts';

/** One snapshot as people ask for it. */
export interface SnapshotLine {
  readonly snapshotId: bigint;
  readonly parentSnapshotId: bigint | null;
  readonly sequenceNumber: bigint;
  readonly timestampMs: number;
  readonly operation: string;
  readonly commitId: string | null;
  /** On the way from the current snapshot to the first; false after a rollback past it. */
  readonly isAncestor: boolean;
  readonly isCurrent: boolean;
  readonly summary: Readonly<Record<string, string>>;
}

/** All snapshots that the table still has, newest first: by sequence number, for clocks differ. */
export function snapshots(metadata: TableMetadata): SnapshotLine[] {
  const current = metadata['current-snapshot-id'];
  const ancestors = ancestorIds(metadata);
  return metadata.snapshots
    .toSorted((a, b) => (a['sequence-number'] < b['sequence-number'] ? 1 : -1))
    .map((snapshot) => ({
      snapshotId: snapshot['snapshot-id'],
      parentSnapshotId: snapshot['parent-snapshot-id'] ?? null,
      sequenceNumber: snapshot['sequence-number'],
      timestampMs: snapshot['timestamp-ms'],
      operation: snapshot.summary['operation'] ?? 'unknown',
      commitId: snapshot.summary[commitIdKey] ?? null,
      isAncestor: ancestors.has(snapshot['snapshot-id']),
      isCurrent: snapshot['snapshot-id'] === current,
      summary: snapshot.summary,
    }));
}

function ancestorIds(metadata: TableMetadata): Set<bigint> {
  const out = new Set<bigint>();
  let id = metadata['current-snapshot-id'];
  while (id !== null && !out.has(id)) {
    out.add(id);
    id = snapshotById(metadata, id)?.['parent-snapshot-id'] ?? null;
  }
  return out;
}

/**
 * The snapshot that readers saw at a time: rollbacks count from when they were made.
 * @returns null before the first one that the log still has.
 */
export function snapshotAt(metadata: TableMetadata, timestampMs: number): Snapshot | null {
  const entry = metadata['snapshot-log'].findLast((each) => each['timestamp-ms'] <= timestampMs);
  return entry === undefined ? null : snapshotById(metadata, entry['snapshot-id']);
}

/**
 * Makes an earlier snapshot the current one. Nothing is deleted: later snapshots stay in the table, and their commits stay
 * recognised, so that what was rolled back is not ingested again by a repeated commit.
 *
 * @throws NotFoundError for a table or snapshot that is not there (quarantine); ConfigurationError for one that is not an
 *   ancestor of the current snapshot (stop); CommitConflictError when another writer committed meanwhile (retry);
 *   CommitStateUnknownError when the table does not show it yet (retry).
 */
export async function rollbackTable(
  catalog: Catalog,
  identifier: TableIdentifier,
  snapshotId: bigint,
): Promise<LoadedTable> {
  const name = `${identifier.namespace}.${identifier.name}`;
  const loaded = await catalog.loadTable(identifier);
  if (loaded === null) throw new NotFoundError(`Expected a table ${name}, got none.`, { table: name });
  const { metadata } = loaded;
  if (snapshotById(metadata, snapshotId) === null)
    throw new NotFoundError(`Expected a snapshot of ${name}, got id ${snapshotId}. It may have been expired.`);
  if (!ancestorIds(metadata).has(snapshotId))
    throw new ConfigurationError(`Expected an ancestor of the current snapshot of ${name}, got id ${snapshotId}.`);
  try {
    return await catalog.commitTable(identifier, {
      requirements: [
        { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
        { type: 'assert-ref-snapshot-id', ref: mainBranch, 'snapshot-id': metadata['current-snapshot-id'] },
      ],
      updates: [{ action: 'set-snapshot-ref', 'ref-name': mainBranch, type: 'branch', 'snapshot-id': snapshotId }],
    });
  } catch (error) {
    if (!(error instanceof CommitStateUnknownError)) throw error;
    // Only the table can tell: where it shows the snapshot, the rollback has happened.
    const now = await catalog.loadTable(identifier).catch(() => null);
    if (now?.metadata['current-snapshot-id'] === snapshotId) return now;
    throw error;
  }
}

/** Snapshots that a rollback to one of the current snapshot's ancestors undoes, newest first. */
export function undoneBy(metadata: TableMetadata, snapshotId: bigint): Snapshot[] {
  const undone: Snapshot[] = [];
  for (let id = metadata['current-snapshot-id']; id !== null && id !== snapshotId; ) {
    const snapshot = snapshotById(metadata, id);
    if (snapshot === null) break;
    undone.push(snapshot);
    id = snapshot['parent-snapshot-id'] ?? null;
  }
  return undone;
}
