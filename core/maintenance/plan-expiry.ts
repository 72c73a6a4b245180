import { commitIdKey } from '../formats/iceberg/snapshot-summary.ts';
import {
  ancestorsOf,
  mainBranch,
  type Snapshot,
  snapshotById,
  type TableMetadata,
} from '../formats/iceberg/table-metadata.ts';

export interface ExpiryOptions {
  /** Snapshots younger than this stay. */
  readonly maxAgeMs: number;
  /** This many of each branch stay however old they are; at least 1. */
  readonly minSnapshotCount: number;
  /** Commits that may be repeated: their snapshots stay. */
  readonly pendingCommitIds: ReadonlySet<string>;
}

export interface ExpiryPlan {
  /** To be removed, oldest first. */
  readonly snapshotIds: readonly bigint[];
  /** Tags and branches whose own time is over. */
  readonly referenceNames: readonly string[];
  readonly keptCount: number;
}

/** Summary entries that say how far a stream has been read; losing the newest one would read it again. */
export const ingestKeyPrefix = 'cubelake.ingest.';

/**
 * Which snapshots nobody needs any more. Kept are: the newest of every branch and those younger than the limit; what a tag
 * names; rolled back ones younger than the limit; the newest one of each stream's offsets, wherever it stands; and commits
 * that a settlement may still repeat.
 */
export function planExpiry(metadata: TableMetadata, options: ExpiryOptions, nowMs: number): ExpiryPlan {
  const keep = new Set<bigint>();
  const referenceNames: string[] = [];
  for (const [name, ref] of Object.entries(metadata.refs)) {
    const head = snapshotById(metadata, ref['snapshot-id']);
    if (head === null) continue;
    const refAgeMsMax = name === mainBranch ? null : (ref['max-ref-age-ms'] ?? null);
    if (refAgeMsMax !== null && nowMs - head['timestamp-ms'] > refAgeMsMax) {
      referenceNames.push(name);
      continue;
    }
    keep.add(head['snapshot-id']);
    if (ref.type === 'tag') continue;
    const maxAgeMs = ref['max-snapshot-age-ms'] ?? options.maxAgeMs;
    const minCount = ref['min-snapshots-to-keep'] ?? options.minSnapshotCount;
    for (const [position, each] of ancestorsOf(metadata, head['snapshot-id']).entries())
      if (position < minCount || nowMs - each['timestamp-ms'] <= maxAgeMs) keep.add(each['snapshot-id']);
  }
  for (const each of metadata.snapshots) {
    const commitId = each.summary[commitIdKey];
    const isYoung = nowMs - each['timestamp-ms'] <= options.maxAgeMs;
    if (isYoung || (commitId !== undefined && options.pendingCommitIds.has(commitId))) keep.add(each['snapshot-id']);
  }
  for (const snapshot of newestOffsets(metadata.snapshots)) keep.add(snapshot['snapshot-id']);
  const snapshotIds = metadata.snapshots.map((each) => each['snapshot-id']).filter((id) => !keep.has(id));
  return { snapshotIds, referenceNames, keptCount: metadata.snapshots.length - snapshotIds.length };
}

/** The newest snapshot for each offset key, of all snapshots: a rollback takes rows back, not what was read. */
function newestOffsets(snapshots: readonly Snapshot[]): Snapshot[] {
  const newest = new Map<string, Snapshot>();
  for (const snapshot of snapshots)
    for (const key of Object.keys(snapshot.summary)) {
      if (!key.startsWith(ingestKeyPrefix)) continue;
      const before = newest.get(key);
      if (before === undefined || before['sequence-number'] < snapshot['sequence-number']) newest.set(key, snapshot);
    }
  return [...newest.values()];
}
