import type { Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { examinedGranuleCountMax } from '../limits.ts';
import { claimManifest, submitManifest } from './claims.ts';
import { type ExaminedRequests, examineRequests, type RequestedGranule } from './examine-requests.ts';
import type { FlowContext } from './flow-context.ts';
import { tryWriteRecord } from './ledger.ts';
import { type PackMode, packManifests } from './pack-manifest.ts';
import { groupByWork, listPending, type PendingRequest, removePending } from './pending-requests.ts';

type SentManifest = { readonly manifestId: string; readonly granuleCount: number };

export interface BatchingReport extends Pick<ExaminedRequests, 'waiting' | 'incomplete'> {
  readonly manifests: readonly SentManifest[];
  /** Complete granules that wait for a fuller manifest. */
  readonly readyCount: number;
  /** Time was up before everything was looked at and sent: the next call goes on with the rest. */
  readonly isCutShort: boolean;
}

/**
 * Turns the requests of the ledger into manifests and jobs, in this order: claim, manifest, submit, remove the requests.
 * A crash after any of them is repaired by the next call, by whomever: names follow from the granules, a claim without a
 * manifest is taken over, and a manifest that was not submitted is submitted.
 *
 * A burst is worked off in parts, and each part's full manifests leave before the next is looked at: a call that runs out
 * of time has sent what it could.
 *
 * @param mayGoOn Asked before every part and every manifest; false ends the call.
 */
export async function batchManifests(
  context: FlowContext,
  mode: PackMode,
  mayGoOn: () => boolean = () => true,
): Promise<BatchingReport> {
  const groups = groupByWork(await listPending(context));
  const manifests: SentManifest[] = [];
  const waiting: BatchingReport['waiting'][number][] = [];
  const incomplete: string[] = [];
  let ready: readonly RequestedGranule[] = [];
  let isCutShort = false;
  for (let start = 0; start < groups.length && !isCutShort; start += examinedGranuleCountMax) {
    isCutShort = !mayGoOn();
    if (isCutShort) break;
    const end = start + examinedGranuleCountMax;
    const examined = await examineRequests(context, groups.slice(start, end));
    waiting.push(...examined.waiting);
    incomplete.push(...examined.incomplete);
    const toSend = {
      ready: [...ready, ...examined.ready],
      mode: end < groups.length ? 'full' : mode,
      mayGoOn,
    } as const;
    const sent = await sendManifests(context, toSend);
    manifests.push(...sent.manifests);
    ({ ready, isCutShort } = sent);
  }
  return { manifests, waiting, incomplete, readyCount: ready.length, isCutShort };
}

interface ToSend {
  readonly ready: readonly RequestedGranule[];
  readonly mode: PackMode;
  readonly mayGoOn: () => boolean;
}

/** @returns What was sent, and the granules that were not. */
async function sendManifests(
  context: FlowContext,
  { ready, mode, mayGoOn }: ToSend,
): Promise<Pick<BatchingReport, 'isCutShort'> & { manifests: SentManifest[]; ready: readonly RequestedGranule[] }> {
  const manifests: SentManifest[] = [];
  let rest = ready;
  for (const planned of packManifests(ready, mode)) {
    if (!mayGoOn()) return { manifests, ready: rest, isCutShort: true };
    const manifest = await claimManifest(context, planned);
    const granules = manifest?.granules ?? [];
    if (manifest !== null) {
      const { manifest_id: manifestId } = manifest;
      await tryWriteRecord(context.warehouse, controlKeys.manifest(manifestId), manifest, { ifNoneMatch: '*' });
      await submitManifest(context, manifestId);
      await removePending(context, requestsOf(ready, granules));
      manifests.push({ manifestId, granuleCount: granules.length });
    }
    // What another batcher has claimed meanwhile is not ready any more either.
    const planVersions = versionsOf(planned.granules);
    rest = rest.filter(({ granule }) => !planVersions.has(granule.granule_version_id));
  }
  return { manifests, ready: rest, isCutShort: false };
}

function requestsOf(ready: readonly RequestedGranule[], granules: readonly Granule[]): PendingRequest[] {
  const submitted = versionsOf(granules);
  return ready.filter(({ granule }) => submitted.has(granule.granule_version_id)).flatMap(({ requests }) => requests);
}

function versionsOf(granules: readonly Granule[]): Set<string> {
  return new Set(granules.map((granule) => granule.granule_version_id));
}
