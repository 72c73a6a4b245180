import { orphanAgeMsDefault } from '../limits.ts';
import {
  isMetadataFile,
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

export interface OrphanOptions {
  /** Objects younger than this stay; at least a day. */
  readonly minAgeMs?: number;
  /** Lets a test remove what is younger than a day. */
  readonly isForced?: boolean;
}

export interface OrphanPlan {
  readonly orphans: readonly RemovableObject[];
  readonly sizeBytes: number;
  readonly checkedCount: number;
}

/**
 * Objects under the table's location that no snapshot, no metadata log and no pending commit names, and that are old enough
 * to be no file of a writer at work. The store's last-modified time and the clock decide.
 *
 * Objects are listed first and names are read afterwards: what is committed in between is named when it is looked up.
 *
 * @throws NotFoundError without such a table; NotFoundError, FormatError when a snapshot cannot be read: then nothing is
 *   known to be an orphan (quarantine).
 */
export async function planOrphanRemoval(
  context: MaintenanceContext,
  table: TableName,
  options: OrphanOptions = {},
): Promise<OrphanPlan> {
  const { warehouse, clock } = context;
  const modifiedMsMax = clock.nowMs() - removalAgeMs(options.minAgeMs ?? orphanAgeMsDefault, options.isForced === true);
  const before = await loadTable(context, table);
  const old: RemovableObject[] = [];
  let checkedCount = 0;
  for await (const facts of warehouse.list(tablePrefix(warehouse, before))) {
    checkedCount++;
    if (facts.lastModifiedMs <= modifiedMsMax && !isMetadataFile(facts.key)) old.push(removable(facts));
  }
  const needed = await neededKeys(context, table);
  const orphans = old.filter(({ key }) => !needed.has(key));
  return { orphans, sizeBytes: orphans.reduce((sum, each) => sum + each.sizeBytes, 0), checkedCount };
}

/**
 * Removes what a plan found, after asking once more whether it is needed now.
 * @returns Keys that were removed.
 */
export async function removeOrphans(
  context: MaintenanceContext,
  table: TableName,
  plan: OrphanPlan,
): Promise<string[]> {
  if (plan.orphans.length === 0) return [];
  const needed = await neededKeys(context, table);
  return removeObjects(
    context.warehouse,
    plan.orphans.filter(({ key }) => !needed.has(key)),
  );
}

/** Pending commits are read before the table: one that is settled in between is in the table then. */
async function neededKeys(context: MaintenanceContext, table: TableName): Promise<Set<string>> {
  const { warehouse } = context;
  const { keys } = await pendingCommits(warehouse);
  const { metadata, metadataLocation } = await loadTable(context, table);
  const named = await filesNamedBy(metadata.snapshots, warehouse);
  return named.union(filesNamedByMetadata(metadata, metadataLocation, warehouse)).union(keys);
}
