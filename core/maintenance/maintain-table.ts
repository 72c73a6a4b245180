import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { compact } from './compact.ts';
import { type ExpireOptions, expireSnapshots, planTableExpiry } from './expire-snapshots.ts';
import type { MaintenanceContext } from './maintained-table.ts';
import { type CompactionGroup, planCompaction } from './plan-compaction.ts';
import type { ExpiryPlan } from './plan-expiry.ts';
import { planOldMetadataRemoval, removeOldMetadata } from './remove-old-metadata.ts';
import { type OrphanOptions, planOrphanRemoval, removeOrphans } from './remove-orphans.ts';
import { type ManifestRewritePlan, planManifestRewrite, rewriteManifests } from './rewrite-manifests.ts';

export interface MaintenanceTasks {
  readonly compacts: boolean;
  readonly rewritesManifests: boolean;
  /** null: none of it. */
  readonly expiry: ExpireOptions | null;
  readonly orphans: OrphanOptions | null;
  /** Plans only. */
  readonly isDryRun: boolean;
}

export interface RemovalReport {
  readonly keys: readonly string[];
  readonly sizeBytes: number;
}

export interface PlannedGroup extends Omit<CompactionGroup, 'files'> {
  readonly paths: readonly string[];
}

/** What was done, or would be; null for what was not asked for. */
export interface TableMaintenance {
  readonly table: string;
  readonly compaction: {
    readonly replacedCount: number;
    readonly writtenCount: number;
    /** What becomes one file, where it is only planned. */
    readonly groups: readonly PlannedGroup[];
    readonly notes: readonly string[];
  } | null;
  readonly manifests: ManifestRewritePlan | null;
  readonly expiry: (ExpiryPlan & { readonly removedKeys: readonly string[] }) | null;
  readonly oldMetadata: RemovalReport | null;
  readonly orphans: RemovalReport | null;
}

/**
 * The tasks of one table, in the order in which one makes work for the next: merging files leaves old ones to expire, and
 * what an expiry could not finish is an orphan later.
 *
 * @throws What each task throws; those before it are done then, and running it again goes on.
 */
export async function maintainTable(
  context: MaintenanceContext,
  table: TableDefinition,
  tasks: MaintenanceTasks,
): Promise<TableMaintenance> {
  const { isDryRun } = tasks;
  return {
    table: tableName(table),
    compaction: tasks.compacts ? await compaction(context, table, isDryRun) : null,
    manifests: tasks.rewritesManifests ? await manifestRewrite(context, table, isDryRun) : null,
    expiry: tasks.expiry === null ? null : await expiry(context, table, tasks.expiry, isDryRun),
    oldMetadata: tasks.expiry === null ? null : await oldMetadata(context, table, tasks.expiry, isDryRun),
    orphans: tasks.orphans === null ? null : await orphanRemoval(context, table, tasks.orphans, isDryRun),
  };
}

async function compaction(context: MaintenanceContext, table: TableDefinition, isDryRun: boolean) {
  if (!isDryRun) {
    const { replacedCount, writtenCount, notes } = await compact(context, table);
    return { replacedCount, writtenCount, groups: [], notes };
  }
  const { groups, notes } = await planCompaction(context, table);
  const planned = groups.map(({ mode, partition, files, recordCount, sizeBytes }) => ({
    mode,
    partition,
    paths: files.map(({ path }) => path),
    recordCount,
    sizeBytes,
  }));
  const replacedCount = groups.reduce((sum, group) => sum + group.files.length, 0);
  return { replacedCount, writtenCount: groups.length, groups: planned, notes };
}

async function manifestRewrite(context: MaintenanceContext, table: TableDefinition, isDryRun: boolean) {
  const plan = await planManifestRewrite(context, table);
  if (!isDryRun) await rewriteManifests(context, table, plan);
  return plan;
}

async function expiry(context: MaintenanceContext, table: TableDefinition, options: ExpireOptions, isDryRun: boolean) {
  if (!isDryRun) return expireSnapshots(context, table, options);
  return { ...(await planTableExpiry(context, table, options)), removedKeys: [] };
}

async function oldMetadata(
  context: MaintenanceContext,
  table: TableDefinition,
  { isForced = false }: ExpireOptions,
  isDryRun: boolean,
): Promise<RemovalReport> {
  const plan = await planOldMetadataRemoval(context, table, { isForced });
  const keys = isDryRun ? plan.files.map(({ key }) => key) : await removeOldMetadata(context, plan);
  return { keys, sizeBytes: plan.sizeBytes };
}

async function orphanRemoval(
  context: MaintenanceContext,
  table: TableDefinition,
  options: OrphanOptions,
  isDryRun: boolean,
): Promise<RemovalReport> {
  const plan = await planOrphanRemoval(context, table, options);
  const keys = isDryRun ? plan.orphans.map(({ key }) => key) : await removeOrphans(context, table, plan);
  return { keys, sizeBytes: plan.sizeBytes };
}
