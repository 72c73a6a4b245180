import type { Settlement } from '#schemas/ledger.ts';
import type { Outcome } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import type { Replacement } from '#schemas/replacement.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { CommitConflictError, ConfigurationError } from '../../errors.ts';
import { ledgerParallelCount } from '../../limits.ts';
import type { FlowContext, SettleContext } from '../flow-context.ts';
import { payloadNamed } from '../granule-assembly.ts';
import { inParallel } from '../in-parallel.ts';
import { onVersion, tryWriteRecord, writeRecord } from '../ledger.ts';
import { settle } from '../settle.ts';
import { publicationOf } from './publication-of.ts';
import { loadReplacement, stagedOutcomes } from './stage-replacement.ts';

export interface ReplaceContext extends SettleContext {
  /** Removes a branch of a table; one that is not there, or whose table is not there, is fine. */
  readonly removeBranch: (table: TableDefinition, branch: string) => Promise<void>;
}

/**
 * Shows the new rows of a replacement to everybody, in one snapshot per table: they are settled as the rows of one more
 * manifest, whose outcomes are those of the branch, so that holds, states, tags and derived tables come out as ever, and
 * a crash is repaired by whoever settles next. Rows of other granules are not touched, whatever was committed meanwhile.
 *
 * @throws CommitConflictError when another processing of one of the granules was settled since the plan: nothing of the
 *   replacement is published (retry: plan again); ConfigurationError for one that was discarded (stop).
 */
export async function publishReplacement(context: ReplaceContext, replacementId: string): Promise<Settlement> {
  const { value: replacement, etag } = await loadReplacement(context, replacementId);
  if (replacement.state === 'discarded')
    throw new ConfigurationError(`Expected an open replacement, got ${replacementId}, which was discarded.`);
  const manifest = publicationOf(replacement);
  const outcomes = await stagedOutcomes(context, replacement);
  if (replacement.state === 'open') await changeState(context, replacement, 'publishing', etag);
  await inParallel(manifest.granules, ledgerParallelCount, async (granule, index) => {
    const outcome: Outcome = { ...outcomes[index]!, granule_version_id: granule.granule_version_id };
    await writeRecord(context.warehouse, controlKeys.outcome(manifest.manifest_id, index), outcome);
  });
  const key = controlKeys.manifest(manifest.manifest_id);
  await tryWriteRecord(context.warehouse, key, manifest, { ifNoneMatch: '*' });
  const result = await settle(context, manifest.manifest_id);
  if (result.state === 'running')
    throw new CommitConflictError(`Expected replacement ${replacementId} to be published, got a job of its name.`);
  const isLost = result.settlement.superseded_count > 0;
  await removeBranches(context, replacement);
  await changeState(context, replacement, isLost ? 'discarded' : 'published', null);
  if (!isLost) return result.settlement;
  throw new CommitConflictError(
    `Expected granules as they were when replacement ${replacementId} was planned, got one that was settled again since. Nothing was replaced: run the command again to plan anew.`,
    { replacementId },
  );
}

/**
 * Drops the branch of a replacement. Its files stay for maintenance to remove.
 * @throws ConfigurationError for one that is being published or is published. Disposition: stop.
 */
export async function discardReplacement(context: ReplaceContext, replacementId: string): Promise<void> {
  const { value: replacement, etag } = await loadReplacement(context, replacementId);
  if (replacement.state === 'publishing' || replacement.state === 'published')
    throw new ConfigurationError(
      `Expected a replacement that nobody sees yet, got ${replacementId}, which is ${replacement.state}. "cubelake rollback" takes tables back.`,
    );
  if (replacement.state === 'open') await changeState(context, replacement, 'discarded', etag);
  await removeBranches(context, replacement);
}

/** @param etag The version that must still be there; null where the state can only have been changed to the same. */
async function changeState(
  context: Pick<FlowContext, 'warehouse'>,
  replacement: Replacement,
  state: Replacement['state'],
  etag: string | null,
): Promise<void> {
  const key = controlKeys.replacement(replacement.replacement_id);
  if (etag === null) return void (await writeRecord(context.warehouse, key, { ...replacement, state }));
  if ((await tryWriteRecord(context.warehouse, key, { ...replacement, state }, onVersion(etag))) !== null) return;
  throw new CommitConflictError(
    `Expected replacement ${replacement.replacement_id} to stay as it is, got a change by somebody else. Run the command again.`,
  );
}

async function removeBranches(context: ReplaceContext, { granules, branch }: Replacement): Promise<void> {
  const payloads = new Set(granules.map(({ granule }) => granule.payload));
  for (const payload of payloads)
    for (const table of payloadNamed(context.payloads, payload).tables) await context.removeBranch(table, branch);
}
