import type { Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { claimManifest, submitManifest } from './claims.ts';
import { type ExaminedRequests, examineRequests, type RequestedGranule } from './examine-requests.ts';
import type { FlowContext } from './flow-context.ts';
import { tryWriteRecord } from './ledger.ts';
import { type PackMode, packManifests } from './pack-manifest.ts';
import { type PendingRequest, removePending } from './pending-requests.ts';

export interface BatchingReport extends Pick<ExaminedRequests, 'waiting' | 'incomplete'> {
  readonly manifests: readonly { readonly manifestId: string; readonly granuleCount: number }[];
  /** Complete granules that wait for a fuller manifest. */
  readonly readyCount: number;
}

/**
 * Turns the requests of the ledger into manifests and jobs, in this order: claim, manifest, submit, remove the requests.
 * A crash after any of them is repaired by the next call, by whomever: names follow from the granules, a claim without a
 * manifest is taken over, and a manifest that was not submitted is submitted.
 */
export async function batchManifests(context: FlowContext, mode: PackMode): Promise<BatchingReport> {
  const { ready, waiting, incomplete } = await examineRequests(context);
  const manifests = [];
  for (const planned of packManifests(ready, mode)) {
    const manifest = await claimManifest(context, planned);
    if (manifest === null) continue;
    const { manifest_id: manifestId, granules } = manifest;
    await tryWriteRecord(context.warehouse, controlKeys.manifest(manifestId), manifest, { ifNoneMatch: '*' });
    await submitManifest(context, manifestId);
    await removePending(context, requestsOf(ready, granules));
    manifests.push({ manifestId, granuleCount: granules.length });
  }
  const submittedCount = manifests.reduce((count, { granuleCount }) => count + granuleCount, 0);
  return { manifests, waiting, incomplete, readyCount: ready.length - submittedCount };
}

function requestsOf(ready: readonly RequestedGranule[], granules: readonly Granule[]): PendingRequest[] {
  const submitted = new Set(granules.map((granule) => granule.granule_version_id));
  return ready.filter(({ granule }) => submitted.has(granule.granule_version_id)).flatMap(({ requests }) => requests);
}
