import type { Manifest, Outcome } from '#schemas/manifest.ts';
import { outcomeSchema } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type Replacement, replacementSchema } from '#schemas/replacement.ts';
import { FormatError, NotFoundError, TemporaryError } from '../../errors.ts';
import { ledgerParallelCount, manifestGranuleCountMax } from '../../limits.ts';
import { submitManifest } from '../claims.ts';
import type { FlowContext } from '../flow-context.ts';
import { manifestIdOf } from '../granule-version.ts';
import { inParallel } from '../in-parallel.ts';
import { type LedgerRecord, readRecord, tryWriteRecord } from '../ledger.ts';

/**
 * Starts the jobs of a replacement, or those that an earlier call did not come to. Their rows go to the branch of the
 * replacement when they are settled; a job that has ended is not started again.
 */
export async function startReplacement(context: FlowContext, replacement: Replacement): Promise<void> {
  const key = controlKeys.replacement(replacement.replacement_id);
  await tryWriteRecord(context.warehouse, key, replacement, { ifNoneMatch: '*' });
  for (const manifest of manifestsOf(replacement)) {
    const { manifest_id: manifestId } = manifest;
    await tryWriteRecord(context.warehouse, controlKeys.manifest(manifestId), manifest, { ifNoneMatch: '*' });
    if ((await context.warehouse.head(controlKeys.settlement(manifestId))) === null)
      await submitManifest(context, manifestId);
  }
}

function manifestsOf({ granules, source, branch }: Replacement): Manifest[] {
  const manifests: Manifest[] = [];
  for (let start = 0; start < granules.length; start += manifestGranuleCountMax) {
    const some = granules.slice(start, start + manifestGranuleCountMax).map(({ granule }) => granule);
    manifests.push({ format_version: 1, manifest_id: manifestIdOf(some), source, branch, granules: some });
  }
  return manifests;
}

/** @throws NotFoundError when there is none. Disposition: quarantine. */
export async function loadReplacement(
  context: Pick<FlowContext, 'warehouse'>,
  replacementId: string,
): Promise<LedgerRecord<Replacement>> {
  const record = /^[0-9a-f]{12}$/.test(replacementId)
    ? await readRecord(context.warehouse, controlKeys.replacement(replacementId), replacementSchema)
    : null;
  if (record !== null) return record;
  throw new NotFoundError(
    `Expected the id of a replacement, got "${replacementId}". "cubelake reprocess --list" shows them.`,
    { replacementId },
  );
}

export type CompleteOutcome = Extract<Outcome, { status: 'complete' }>;

/**
 * What the jobs of a replacement came to, one outcome for each granule in its order.
 *
 * @throws TemporaryError while a job is not settled (retry); FormatError that names what failed (quarantine).
 */
export async function stagedOutcomes(context: FlowContext, replacement: Replacement): Promise<CompleteOutcome[]> {
  for (const manifestId of replacement.manifest_ids) {
    if ((await context.warehouse.head(controlKeys.settlement(manifestId))) !== null) continue;
    throw new TemporaryError(
      `Expected the jobs of replacement ${replacement.replacement_id} to be settled, got manifest ${manifestId} unsettled. Run the same command again.`,
    );
  }
  const places = manifestsOf(replacement).flatMap((manifest) =>
    manifest.granules.map((granule, index) => ({ manifestId: manifest.manifest_id, index, granule })),
  );
  const outcomes = await inParallel(places, ledgerParallelCount, async ({ manifestId, index }) => {
    const record = await readRecord(context.warehouse, controlKeys.outcome(manifestId, index), outcomeSchema);
    return record?.value ?? null;
  });
  const failures = outcomes.flatMap((outcome, position) => {
    if (outcome?.status === 'complete') return [];
    const reason = outcome?.status === 'failed' ? outcome.reason : 'Its job ended without a result.';
    return [`${places[position]!.granule.granule_key}: ${reason}`];
  });
  const { replacement_id: id } = replacement;
  if (failures.length > 0)
    throw new FormatError(
      `Expected all ${places.length} granules of replacement ${id} to be made again, got ${failures.length} failures: ${failures.join(' | ')} The tables are as before. Mend the cause, "cubelake reprocess --discard ${id}" and ask again.`,
      { replacementId: id },
    );
  return outcomes as CompleteOutcome[];
}
