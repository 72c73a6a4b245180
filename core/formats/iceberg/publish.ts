import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import { tableName } from '#schemas/table-definition.ts';
import { CommitConflictError, CommitStateUnknownError, FencedError, FormatError, NotFoundError } from '../../errors.ts';
import { commitAttemptCountMax, commitStatusCheckCountMax, commitWaitMsMax, commitWaitMsMin } from '../../limits.ts';
import type { Catalog, LoadedTable } from '../../ports/catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Random } from '../../ports/random.ts';
import { createTableRequest } from './create-table.ts';
import type { DataFile } from './data-file.ts';
import { ManifestReader } from './manifest-reader.ts';
import { isReferenceName, referenceNameRule } from './references.ts';
import { branchKey, commitIdKey, snapshotOfCommit } from './snapshot-summary.ts';
import { stageSnapshot } from './stage-snapshot.ts';
import { keyOf } from './table-location.ts';
import { ancestorsOf, mainBranch, type Snapshot, type TableMetadata } from './table-metadata.ts';

export interface PublishContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** One commit as a value: what it adds and removes, under an id that makes it recognisable for ever. */
export interface TableChange {
  readonly commitId: string;
  /** Columns beyond the table's definition that the files use. */
  readonly extraColumns: readonly ColumnDefinition[];
  readonly addFiles: readonly DataFile[];
  /** Absolute URIs of live data files. */
  readonly removePaths: readonly string[];
  /** Goes into the snapshot summary. */
  readonly summary: Readonly<Record<string, string>>;
  /** Where the snapshot goes; `main` by default. A branch that does not exist starts at the current snapshot of main. */
  readonly branch?: string;
  /**
   * What the snapshot says of itself; by default it follows from the files. `replace` promises the same rows in other
   * files: readers of changes may skip it, and the new files take the age of those that they replace.
   */
  readonly operation?: 'append' | 'overwrite' | 'replace';
  /**
   * The snapshot that the caller looked at when it decided on the change; null when it saw none. Other writers' commits on top
   * of it are fine, but the branch must not have been taken back behind it: then other files are live than the caller saw.
   */
  readonly baseSnapshotId?: bigint | null;
  /**
   * Snapshots since the base whose summary has one of these keys may have changed what the caller looked at: the look is then
   * out of date, as when the base is gone.
   */
  readonly lookAgainAfter?: readonly string[];
  /**
   * Table properties that the same commit sets, on the condition that those in `expected` are as given (null: absent) on the very
   * metadata that the commit replaces. Unlike a summary they outlive rollback and expiry.
   */
  readonly properties?: {
    readonly set: Readonly<Record<string, string>>;
    readonly expected: Readonly<Record<string, string | null>>;
  };
  /** Also writes the manifests of earlier commits anew, clustered by partition. Maintenance asks for it. */
  readonly clusterManifests?: boolean;
}

export interface PublishReport {
  readonly snapshotId: bigint;
  readonly outcome: 'committed' | 'already committed';
  readonly attemptCount: number;
}

/**
 * Publishes one change of one table in one snapshot: creates namespace and table where they are absent, adds columns that
 * the files need, appends files and removes others. Everything or nothing becomes visible, exactly once for a commit id.
 *
 * @returns The snapshot that holds the change; `already committed` when an earlier call published it.
 * @throws CommitConflictError other writers were faster in every attempt: nothing happened (retry);
 *   CommitStateUnknownError the catalog did not say and the table does not show it: call again with the same change, never
 *   with another commit id, and delete nothing (retry);
 *   FencedError a property is not as expected (retry);
 *   FormatError for a path that is live already or outside the warehouse, NotFoundError for a removed path that is not
 *   live and for a base that the branch does not lead to any more: look again (quarantine); ConfigurationError for columns that contradict the table (stop).
 */
export async function publish(
  context: PublishContext,
  table: TableDefinition,
  change: TableChange,
): Promise<PublishReport> {
  checkChange(context, table, change);
  const reader = new ManifestReader(context.warehouse);
  const cleared = new Set<string>();
  let conflict: CommitConflictError | null = null;
  for (let attempt = 1; attempt <= commitAttemptCountMax; attempt++) {
    if (conflict !== null) await context.clock.sleepMs(waitMs(attempt, context.random));
    const { metadata } = await loadOrCreateTable(context.catalog, table);
    const earlier = snapshotOfCommit(metadata, change.commitId, change.branch);
    if (earlier !== null)
      return { snapshotId: earlier['snapshot-id'], outcome: 'already committed', attemptCount: attempt };
    checkBase(metadata, table, change);
    checkProperties(metadata, table, change);
    const nowMs = context.clock.nowMs();
    const { warehouse } = context;
    const { snapshotId, commit } = await stageSnapshot(metadata, table, change, {
      warehouse,
      reader,
      cleared,
      nowMs,
      attempt,
    });
    try {
      await context.catalog.commitTable(table, commit);
      return { snapshotId, outcome: 'committed', attemptCount: attempt };
    } catch (error) {
      if (error instanceof CommitStateUnknownError) {
        const found = await readBack(context, table, change, error);
        return { snapshotId: found['snapshot-id'], outcome: 'committed', attemptCount: attempt };
      }
      if (!(error instanceof CommitConflictError)) throw error;
      conflict = error;
    }
  }
  throw new CommitConflictError(
    `Expected to commit to ${tableName(table)}, got a conflict in each of ${commitAttemptCountMax} attempts. Try again when fewer writers are at work.`,
    { table: tableName(table), commitId: change.commitId },
    conflict,
  );
}

/** The catalog takes the commit only on the head that is seen here, so that what holds now holds then. */
function checkBase(metadata: TableMetadata, table: TableDefinition, change: TableChange): void {
  const { branch, baseSnapshotId, lookAgainAfter = [] } = change;
  if (baseSnapshotId === undefined || (baseSnapshotId === null && lookAgainAfter.length === 0)) return;
  const headId = metadata.refs[branch ?? mainBranch]?.['snapshot-id'] ?? metadata['current-snapshot-id'];
  const ancestors = ancestorsOf(metadata, headId);
  const position = ancestors.findIndex((snapshot) => snapshot['snapshot-id'] === baseSnapshotId);
  if (baseSnapshotId !== null && position < 0) {
    throw new NotFoundError(
      `Expected snapshot ${baseSnapshotId} behind the head of ${tableName(table)}, got ${headId}, which does not lead to it. The table was taken back meanwhile: look at it again.`,
      { table: tableName(table) },
    );
  }
  const since = position < 0 ? ancestors : ancestors.slice(0, position);
  const changed = since.find(({ summary }) => lookAgainAfter.some((key) => key in summary));
  if (changed === undefined) return;
  throw new NotFoundError(
    `Expected ${tableName(table)} as it was seen, got snapshot ${changed['snapshot-id']} on top of it. Look at it again.`,
    { table: tableName(table) },
  );
}

/** The catalog takes the commit only on this metadata's head, and whoever sets these properties moves the head. */
function checkProperties(metadata: TableMetadata, table: TableDefinition, { properties }: TableChange): void {
  for (const [name, expected] of Object.entries(properties?.expected ?? {})) {
    const found = metadata.properties?.[name] ?? null;
    if (found === expected) continue;
    throw new FencedError(
      `Expected property ${name} of ${tableName(table)} to be ${expected ?? 'absent'}, got ${found ?? 'none'}. Another writer went on from there: read it again.`,
      { table: tableName(table), property: name },
    );
  }
}

/** Twice as long after each conflict, and between half and all of that, so that writers do not meet again. */
function waitMs(attempt: number, random: Random): number {
  const longest = Math.min(commitWaitMsMax, commitWaitMsMin * 2 ** (attempt - 2));
  return Math.round(longest * (0.5 + 0.5 * random.next()));
}

/**
 * After an unknown commit only the table itself can tell. What it shows is true; what it does not show may still come.
 * @throws CommitStateUnknownError when the commit is not there. Disposition: retry.
 */
async function readBack(
  context: PublishContext,
  table: TableDefinition,
  { commitId, branch }: TableChange,
  unknown: CommitStateUnknownError,
): Promise<Snapshot> {
  for (let check = 1; check <= commitStatusCheckCountMax; check++) {
    const loaded = await context.catalog.loadTable(table).catch(() => null);
    const found = loaded === null ? null : snapshotOfCommit(loaded.metadata, commitId, branch);
    if (found !== null) return found;
    if (check < commitStatusCheckCountMax) await context.clock.sleepMs(waitMs(check + 1, context.random));
  }
  throw new CommitStateUnknownError(
    `Expected commit ${commitId} in ${tableName(table)}, got a table without it. It may still arrive: repeat the same change, and keep its files.`,
    { table: tableName(table), commitId },
    unknown,
  );
}

/** Loads the table; another writer may create it at the same moment. */
async function loadOrCreateTable(catalog: Catalog, table: TableDefinition): Promise<LoadedTable> {
  const loaded = await catalog.loadTable(table);
  if (loaded !== null) return loaded;
  await catalog.createNamespace(table.namespace);
  try {
    return await catalog.createTable(table, createTableRequest(table));
  } catch (error) {
    if (!(error instanceof CommitConflictError) && !(error instanceof CommitStateUnknownError)) throw error;
    const made = await catalog.loadTable(table);
    if (made === null) throw error;
    return made;
  }
}

function checkChange(context: PublishContext, table: TableDefinition, change: TableChange): void {
  const added = change.addFiles.map((file) => file.path);
  const removed = new Set(change.removePaths);
  const seen = new Set<string>();
  for (const path of added) {
    keyOf(context.warehouse, path);
    if (seen.has(path)) refuse(table, `each added file once, got ${path} twice`);
    if (removed.has(path)) refuse(table, `a file to be added or removed, got both for ${path}`);
    seen.add(path);
  }
  if (change.commitId === '') refuse(table, 'a commit id, got none');
  const { branch, operation } = change;
  if (branch !== undefined && !isReferenceName(branch))
    refuse(table, `a branch name of ${referenceNameRule}, got ${JSON.stringify(branch.slice(0, 80))}`);
  if (operation === 'append' && removed.size > 0) refuse(table, 'an append without removed files, got some');
  if (operation === 'replace') checkSameRows(table, change);
  const reserved = Object.keys(change.summary).find((key) => ['operation', commitIdKey, branchKey].includes(key));
  if (reserved !== undefined) refuse(table, `a summary without ${reserved}, got one`);
}

/** A replacement of no files is a rewrite of manifests, and says nothing of rows. */
function checkSameRows(table: TableDefinition, change: TableChange): void {
  if ((change.addFiles.length === 0) !== (change.removePaths.length === 0))
    refuse(table, `files for those that are replaced, got ${change.addFiles.length} for ${change.removePaths.length}`);
}

function refuse(table: TableDefinition, expectation: string): never {
  throw new FormatError(`Expected ${expectation} (change of ${tableName(table)}).`, { table: tableName(table) });
}
