import { claimSchema, type Granule, type Manifest } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { TemporaryError } from '../errors.ts';
import { ledgerParallelCount } from '../limits.ts';
import type { FlowContext } from './flow-context.ts';
import { jobNameOf } from './granule-version.ts';
import { inParallel } from './in-parallel.ts';
import { onVersion, readRecord, tryWriteRecord } from './ledger.ts';
import { loadManifest } from './load-manifest.ts';
import { manifestOf } from './pack-manifest.ts';

const claimTryCountMax = 8;

type ClaimContext = Pick<FlowContext, 'warehouse' | 'runner'>;

/**
 * Claims every granule version of a manifest that no written manifest has claimed. Where some are taken, the rest is a
 * smaller manifest with another id, and its claims are rewritten. A claim whose manifest was never written belongs to a
 * planner that crashed, or to one that is at work right now; it is taken over either way, because a settlement asks the
 * claim again before it changes anything.
 *
 * @returns The manifest to write, every granule of which is claimed for it; null when nothing is left.
 */
export async function claimManifest(context: ClaimContext, planned: Manifest): Promise<Manifest | null> {
  let manifest = planned;
  for (;;) {
    const { manifest_id: manifestId, source } = manifest;
    const isOurs = await inParallel(manifest.granules, ledgerParallelCount, (granule) =>
      claimVersion(context, granule.granule_version_id, manifestId),
    );
    const kept = manifest.granules.filter((_, position) => isOurs[position]);
    if (kept.length === manifest.granules.length) return manifest;
    if (kept.length === 0) return null;
    manifest = manifestOf(kept.map((granule) => ({ granule, source })));
  }
}

async function claimVersion(context: ClaimContext, granuleVersionId: string, manifestId: string): Promise<boolean> {
  const key = controlKeys.claim(granuleVersionId);
  for (let tryCount = 0; tryCount < claimTryCountMax; tryCount++) {
    const claim = await readRecord(context.warehouse, key, claimSchema);
    if (claim?.value.manifest_id === manifestId) return true;
    if (claim !== null && (await isTaken(context, claim.value))) return false;
    const record = { manifest_id: manifestId, final: false };
    if ((await tryWriteRecord(context.warehouse, key, record, onVersion(claim?.etag ?? null))) !== null) return true;
  }
  return false;
}

async function isTaken(
  context: ClaimContext,
  claim: { readonly manifest_id: string; readonly final: boolean },
): Promise<boolean> {
  return claim.final || (await context.warehouse.head(controlKeys.manifest(claim.manifest_id))) !== null;
}

/**
 * Asks for the last time which manifest settles a granule version, and makes the answer final. A manifest that took the
 * claim and was written but perhaps not submitted is submitted here: its planner may have crashed.
 *
 * @returns The id of that manifest: `manifestId` itself, or another.
 */
export async function finalizeClaim(context: ClaimContext, granule: Granule, manifestId: string): Promise<string> {
  const key = controlKeys.claim(granule.granule_version_id);
  for (let tryCount = 0; tryCount < claimTryCountMax; tryCount++) {
    const claim = await readRecord(context.warehouse, key, claimSchema);
    const isOurs = claim?.value.manifest_id === manifestId;
    if (isOurs && claim.value.final) return manifestId;
    if (claim !== null && !isOurs && (await isTaken(context, claim.value))) {
      await submitAgain(context, claim.value.manifest_id);
      return claim.value.manifest_id;
    }
    const record = { manifest_id: manifestId, final: true };
    if ((await tryWriteRecord(context.warehouse, key, record, onVersion(claim?.etag ?? null))) !== null)
      return manifestId;
  }
  throw new TemporaryError(`Expected a claim that settles down, got ${claimTryCountMax} changes (${key}). Try again.`, {
    key,
  });
}

async function submitAgain(context: ClaimContext, manifestId: string): Promise<void> {
  const isSettled = (await context.warehouse.head(controlKeys.settlement(manifestId))) !== null;
  if (!isSettled) await submitManifest(context, manifestId);
}

/** Submits the job of a manifest that was written; doing it twice does nothing. */
export async function submitManifest(context: ClaimContext, manifestId: string): Promise<void> {
  const manifest = await loadManifest(context, manifestId);
  const jobName = jobNameOf(manifestId);
  await context.runner.submit({ jobName, manifestId, granuleCount: manifest.granules.length });
}
