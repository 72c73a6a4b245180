import { commitUntilKnown } from '../formats/iceberg/references.ts';
import {
  type Snapshot,
  snapshotById,
  type TableCommit,
  type TableMetadata,
} from '../formats/iceberg/table-metadata.ts';
import type { LoadedTable } from '../ports/catalog.ts';
import { compareKeys } from '../ports/object-key.ts';
import {
  loadTable,
  type MaintenanceContext,
  type RemovableObject,
  removable,
  removalAgeMs,
  removeObjects,
  type TableName,
  tablePrefix,
} from './maintained-table.ts';
import { filesNamedBy, filesNamedByMetadata } from './named-files.ts';
import { pendingCommits } from './pending-commits.ts';
import { type ExpiryOptions, type ExpiryPlan, planExpiry } from './plan-expiry.ts';

export interface ExpireOptions extends Omit<ExpiryOptions, 'pendingCommitIds'> {
  /** Lets a test expire and remove what is younger than a day. */
  readonly isForced?: boolean;
}

export interface ExpiryReport extends ExpiryPlan {
  readonly removedKeys: readonly string[];
}

/** What `expireSnapshots` would do now. */
export async function planTableExpiry(
  context: MaintenanceContext,
  table: TableName,
  options: ExpireOptions,
): Promise<ExpiryPlan> {
  const { metadata } = await loadTable(context, table);
  return planExpiry(metadata, await expiryOptions(context, options), context.clock.nowMs());
}

/**
 * Removes snapshots that nobody needs from the table in one commit, and then the files that only they named. The plan is
 * made anew on the newest metadata for every attempt, so that a tag or a rollback in between is seen.
 *
 * Files go only after the table has been read back without the snapshots; when the commit stays unknown nothing goes. Killed
 * in between, the files are orphans, which `removeOrphans` finds.
 *
 * @throws NotFoundError without such a table (quarantine); CommitConflictError, CommitStateUnknownError (retry: call again).
 */
export async function expireSnapshots(
  context: MaintenanceContext,
  table: TableName,
  options: ExpireOptions,
): Promise<ExpiryReport> {
  const wanted = await expiryOptions(context, options);
  const nowMs = context.clock.nowMs();
  const asked = new Map<bigint, Snapshot>();
  let first: ExpiryPlan | null = null;
  await commitUntilKnown(context, table, ({ metadata }) => {
    const plan = planExpiry(metadata, wanted, nowMs);
    first ??= plan;
    for (const id of plan.snapshotIds) asked.set(id, snapshotById(metadata, id)!);
    return commitOf(metadata, plan);
  });
  const after = await loadTable(context, table);
  const gone = [...asked.values()].filter((each) => snapshotById(after.metadata, each['snapshot-id']) === null);
  const unneeded = await filesOnlyNamedBy(context, after, gone, nowMs - removalAgeMs(0, options.isForced === true));
  const removedKeys = await removeObjects(context.warehouse, unneeded);
  return { ...first!, snapshotIds: gone.map((each) => each['snapshot-id']), removedKeys };
}

async function expiryOptions(context: MaintenanceContext, options: ExpireOptions): Promise<ExpiryOptions> {
  const { commitIds } = await pendingCommits(context.warehouse);
  const maxAgeMs = removalAgeMs(options.maxAgeMs, options.isForced === true);
  return { maxAgeMs, minSnapshotCount: Math.max(1, options.minSnapshotCount), pendingCommitIds: commitIds };
}

/** References first, then snapshots; every reference must still be where the plan saw it. */
function commitOf(metadata: TableMetadata, plan: ExpiryPlan): TableCommit | null {
  if (plan.snapshotIds.length === 0 && plan.referenceNames.length === 0) return null;
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      ...Object.entries(metadata.refs).map(
        ([ref, { 'snapshot-id': id }]) => ({ type: 'assert-ref-snapshot-id', ref, 'snapshot-id': id }) as const,
      ),
    ],
    updates: [
      ...plan.referenceNames.map((name) => ({ action: 'remove-snapshot-ref', 'ref-name': name }) as const),
      ...(plan.snapshotIds.length === 0
        ? []
        : [{ action: 'remove-snapshots', 'snapshot-ids': plan.snapshotIds } as const]),
    ],
  };
}

/**
 * Files of the table that `gone` named and that no snapshot, no pending commit and no recent writer needs: a job that
 * repeats an old processing writes the same names again.
 */
async function filesOnlyNamedBy(
  { warehouse }: MaintenanceContext,
  after: LoadedTable,
  gone: readonly Snapshot[],
  modifiedMsMax: number,
): Promise<RemovableObject[]> {
  if (gone.length === 0) return [];
  const prefix = tablePrefix(warehouse, after);
  const candidates = await filesNamedBy(gone, warehouse, { withRemoved: true, mayBeGone: true });
  const named = await filesNamedBy(after.metadata.snapshots, warehouse);
  const own = filesNamedByMetadata(after.metadata, after.metadataLocation, warehouse);
  const { keys: pending } = await pendingCommits(warehouse);
  const out: RemovableObject[] = [];
  for (const key of [...candidates].sort(compareKeys)) {
    if (!key.startsWith(prefix) || named.has(key) || own.has(key) || pending.has(key)) continue;
    const facts = await warehouse.head(key);
    if (facts !== null && facts.lastModifiedMs <= modifiedMsMax) out.push(removable(facts));
  }
  return out;
}
