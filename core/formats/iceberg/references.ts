import type { TableDefinition } from '#schemas/table-definition.ts';
import { tableName } from '#schemas/table-definition.ts';
import { CommitConflictError, CommitStateUnknownError, ConfigurationError, NotFoundError } from '../../errors.ts';
import { commitAttemptCountMax, commitStatusCheckCountMax, commitWaitMsMin } from '../../limits.ts';
import type { LoadedTable } from '../../ports/catalog.ts';
import type { PublishContext } from './publish.ts';
import { ancestorsOf, mainBranch, type SnapshotRef, snapshotById, type TableCommit } from './table-metadata.ts';

/** Names of branches and tags, as every engine's SQL can write them. */
export const referenceNameRule = 'letters, digits, ".", "_" and "-", at most 128, beginning with a letter or digit';

export function isReferenceName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name);
}

type TableName = Pick<TableDefinition, 'namespace' | 'name'>;

export interface Reference {
  readonly name: string;
  readonly kind: 'tag' | 'branch';
  readonly snapshotId: bigint;
  /** Expiry removes the reference itself after this age; null: never. */
  readonly maxAgeMs?: number | null;
  /** Of a branch: how long and how many of its snapshots expiry keeps; null: as for the table. */
  readonly maxSnapshotAgeMs?: number | null;
  readonly minSnapshotCount?: number | null;
}

/**
 * Makes a tag or a branch, or moves it. Repeating the call changes nothing, also after an unknown commit.
 *
 * @throws ConfigurationError for a bad name, for `main` (publish and roll back do that) and for a name of the other kind
 *   (stop); NotFoundError for a snapshot that the table does not have (quarantine); CommitConflictError,
 *   CommitStateUnknownError (retry: call again).
 */
export async function setReference(context: PublishContext, table: TableName, reference: Reference): Promise<void> {
  const { name, kind, snapshotId, maxAgeMs = null, maxSnapshotAgeMs = null, minSnapshotCount = null } = reference;
  checkName(table, name);
  const wanted: SnapshotRef = {
    type: kind,
    'snapshot-id': snapshotId,
    ...(maxAgeMs === null ? {} : { 'max-ref-age-ms': maxAgeMs }),
    ...(kind === 'tag' || maxSnapshotAgeMs === null ? {} : { 'max-snapshot-age-ms': maxSnapshotAgeMs }),
    ...(kind === 'tag' || minSnapshotCount === null ? {} : { 'min-snapshots-to-keep': minSnapshotCount }),
  };
  await commitUntilKnown(context, table, ({ metadata }) => {
    if (snapshotById(metadata, snapshotId) === null)
      throw new NotFoundError(
        `Expected a snapshot of ${tableName(table)}, got id ${snapshotId}. It may have been expired.`,
      );
    const before = metadata.refs[name];
    if (before !== undefined && before.type !== kind)
      throw new ConfigurationError(`Expected ${name} to be a ${kind} of ${tableName(table)}, got a ${before.type}.`);
    if (before !== undefined && sameReference(before, wanted)) return null;
    return requireHead(metadata['table-uuid'], name, before, {
      action: 'set-snapshot-ref',
      'ref-name': name,
      ...wanted,
    });
  });
}

/**
 * Removes a tag or a branch. Snapshots stay until they expire. Removing what is not there changes nothing.
 * @throws ConfigurationError for a bad name and for `main` (stop); CommitConflictError, CommitStateUnknownError (retry).
 */
export async function removeReference(context: PublishContext, table: TableName, name: string): Promise<void> {
  checkName(table, name);
  await commitUntilKnown(context, table, ({ metadata }) => {
    const before = metadata.refs[name];
    if (before === undefined) return null;
    return requireHead(metadata['table-uuid'], name, before, { action: 'remove-snapshot-ref', 'ref-name': name });
  });
}

/**
 * Shows what was prepared on a branch to all readers: main takes the snapshot of the branch, in one commit and without any
 * new file. When main has moved since the branch began, nothing happens: the caller repeats its change on main.
 *
 * @param wanted `to` is the branch that moves, main by default.
 * @throws NotFoundError for a branch that is not there (quarantine); ConfigurationError when `to` is not an ancestor of the
 *   branch (stop); CommitConflictError, CommitStateUnknownError (retry: call again).
 */
export async function fastForward(
  context: PublishContext,
  table: TableName,
  wanted: { readonly branch: string; readonly to?: string },
): Promise<{ readonly snapshotId: bigint; readonly outcome: 'committed' | 'already committed' }> {
  const { branch, to = mainBranch } = wanted;
  let snapshotId = 0n;
  const outcome = await commitUntilKnown(context, table, ({ metadata }) => {
    const source = metadata.refs[branch];
    if (source === undefined || source.type !== 'branch')
      throw new NotFoundError(`Expected a branch ${branch} of ${tableName(table)}, got none.`, { branch });
    const target = metadata.refs[to];
    snapshotId = source['snapshot-id'];
    const ancestors = ancestorsOf(metadata, snapshotId);
    const isReached = ancestorsOf(metadata, target?.['snapshot-id'] ?? null).some(
      (each) => each['snapshot-id'] === snapshotId,
    );
    if (isReached) return null;
    if (target !== undefined && !ancestors.some((each) => each['snapshot-id'] === target['snapshot-id']))
      throw new ConfigurationError(
        `Expected ${to} of ${tableName(table)} to be where branch ${branch} began or behind it, got a newer commit there. Repeat the change on ${to}.`,
        { branch, to },
      );
    return requireHead(metadata['table-uuid'], to, target, {
      action: 'set-snapshot-ref',
      'ref-name': to,
      ...(target ?? { type: 'branch' }),
      'snapshot-id': snapshotId,
    });
  });
  return { snapshotId, outcome };
}

/**
 * Commits what `plan` asks for on the newest metadata until a plan finds nothing left to do: that alone says that it has
 * happened, whatever became of an answer. Only for changes that may be made twice.
 *
 * @param plan null: done. It is asked again on newer metadata after a conflict.
 */
export async function commitUntilKnown(
  context: Pick<PublishContext, 'catalog' | 'clock' | 'random'>,
  table: TableName,
  plan: (loaded: LoadedTable) => TableCommit | null,
): Promise<'committed' | 'already committed'> {
  let problem: unknown = null;
  let unknownCount = 0;
  for (let attempt = 1; attempt <= commitAttemptCountMax; attempt++) {
    if (attempt > 1)
      await context.clock.sleepMs(Math.round(commitWaitMsMin * 2 ** Math.min(attempt, 6) * context.random.next()));
    const loaded = await context.catalog.loadTable(table);
    if (loaded === null)
      throw new NotFoundError(`Expected a table ${tableName(table)}, got none.`, { table: tableName(table) });
    const commit = plan(loaded);
    if (commit === null) return attempt === 1 ? 'already committed' : 'committed';
    try {
      await context.catalog.commitTable(table, commit);
      return 'committed';
    } catch (error) {
      if (error instanceof CommitStateUnknownError && ++unknownCount <= commitStatusCheckCountMax) problem = error;
      else if (error instanceof CommitConflictError) problem = error;
      else throw error;
    }
  }
  throw new CommitConflictError(
    `Expected to commit to ${tableName(table)}, got a conflict in each of ${commitAttemptCountMax} attempts. Try again when fewer writers are at work.`,
    { table: tableName(table) },
    problem,
  );
}

function requireHead(
  uuid: string,
  name: string,
  before: SnapshotRef | undefined,
  update: TableCommit['updates'][number],
): TableCommit {
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid },
      { type: 'assert-ref-snapshot-id', ref: name, 'snapshot-id': before?.['snapshot-id'] ?? null },
    ],
    updates: [update],
  };
}

function sameReference(a: SnapshotRef, b: SnapshotRef): boolean {
  const keys = ['type', 'snapshot-id', 'max-ref-age-ms', 'max-snapshot-age-ms', 'min-snapshots-to-keep'] as const;
  return keys.every((key) => (a[key] ?? null) === (b[key] ?? null));
}

function checkName(table: TableName, name: string): void {
  if (name === mainBranch)
    throw new ConfigurationError(
      `Expected a name other than ${mainBranch} (${tableName(table)}). Readers see that one.`,
    );
  if (!isReferenceName(name))
    throw new ConfigurationError(
      `Expected a name of ${referenceNameRule}, got ${JSON.stringify(name.slice(0, 80))} (${tableName(table)}).`,
    );
}
