import { granuleStateSchema } from '#schemas/granule-state.ts';
import { claimSchema, type Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { processingStatusTag } from '#schemas/processing-status.ts';
import { incompleteGranuleMsMax, ledgerParallelCount } from '../limits.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import { submitManifest } from './claims.ts';
import type { FlowContext } from './flow-context.ts';
import { tagMessage } from './flow-messages.ts';
import { assembleGranule, payloadNamed } from './granule-assembly.ts';
import { granuleVersionId, isSameVersion, objectVersions } from './granule-version.ts';
import { inParallel } from './in-parallel.ts';
import { readRecord } from './ledger.ts';
import type { GranuleRequest } from './pack-manifest.ts';
import { type PendingRequest, removePending } from './pending-requests.ts';
import { quarantineIncomplete, readQuarantine } from './quarantine.ts';

/** A granule version that no manifest has yet, and all requests that it answers. */
export interface RequestedGranule extends GranuleRequest {
  readonly requests: readonly PendingRequest[];
}

export interface ExaminedRequests {
  readonly ready: readonly RequestedGranule[];
  /** Granules that lack a part, and what. */
  readonly waiting: readonly { readonly granuleKey: string; readonly missing: string }[];
  /** Granules that waited too long and went to quarantine. */
  readonly incomplete: readonly string[];
}

/**
 * Looks at what raw holds now for requests of the ledger: what the events said is old news. Requests that are answered
 * already are removed.
 *
 * @param groups Requests that ask for the same work are in one group.
 */
export async function examineRequests(
  context: FlowContext,
  groups: readonly (readonly PendingRequest[])[],
): Promise<ExaminedRequests> {
  const waiting: { granuleKey: string; missing: string }[] = [];
  const incomplete: string[] = [];
  // Granules of one manifest are looked at side by side: each would find its job missing and submit it.
  const submissions = new Map<string, Promise<void>>();
  const submitOnce = (manifestId: string): Promise<void> => {
    const submission = submissions.get(manifestId) ?? submitManifest(context, manifestId);
    submissions.set(manifestId, submission);
    return submission;
  };
  const examined = await inParallel(groups, ledgerParallelCount, async (requests): Promise<RequestedGranule[]> => {
    const { pending } = requests[0]!;
    const granuleKey = pending.granule_key;
    const found = await assembleGranule(context, payloadNamed(context.payloads, pending.payload), granuleKey);
    if (found !== null && found.assembly.state === 'ready') {
      const granule = await unclaimedVersion({ context, submitOnce }, requests[0]!, found.assembly.parts);
      if (granule !== null) return [{ granule, source: pending.source, requests }];
    } else if (found !== null && found.assembly.state === 'waiting') {
      const { missing } = found.assembly;
      if (context.clock.nowMs() - newestMs(found.objects) <= incompleteGranuleMsMax) {
        waiting.push({ granuleKey, missing });
        return [];
      }
      await quarantineIncomplete(context, pending, found.objects, missing);
      incomplete.push(granuleKey);
    }
    await removePending(context, requests);
    return [];
  });
  return { ready: examined.flat(), waiting, incomplete };
}

interface Examination {
  readonly context: FlowContext;
  readonly submitOnce: (manifestId: string) => Promise<void>;
}

/** The version that a manifest should take; null when one has it, or had it and its result still stands. */
async function unclaimedVersion(
  { context, submitOnce }: Examination,
  { pending }: PendingRequest,
  objects: readonly ObjectFacts[],
): Promise<Granule | null> {
  const parts = objectVersions(objects);
  const versionOf = (request: string | null): Granule => ({
    payload: pending.payload,
    granule_key: pending.granule_key,
    granule_version_id: granuleVersionId(parts, pending.source, request),
    parts,
  });
  let granule = versionOf(pending.request);
  let use = await useOf({ context, submitOnce }, granule);
  if (use.kind === 'settled' && pending.request === null) {
    const result = await standingResult(context, granule);
    if (result !== null) {
      await askForTags(context, objects, result);
      return null;
    }
    do {
      granule = versionOf(`returned after ${use.manifestId}`);
      use = await useOf({ context, submitOnce }, granule);
    } while (use.kind === 'settled');
  }
  return use.kind === 'free' ? granule : null;
}

type VersionUse = { readonly kind: 'free' | 'under way' } | { readonly kind: 'settled'; readonly manifestId: string };

/** A written manifest is submitted here: its planner may have crashed before. */
async function useOf({ context, submitOnce }: Examination, granule: Granule): Promise<VersionUse> {
  const claim = await readRecord(context.warehouse, controlKeys.claim(granule.granule_version_id), claimSchema);
  if (claim === null) return { kind: 'free' };
  const manifestId = claim.value.manifest_id;
  if ((await context.warehouse.head(controlKeys.settlement(manifestId))) !== null)
    return { kind: 'settled', manifestId };
  if ((await context.warehouse.head(controlKeys.manifest(manifestId))) === null) return { kind: 'free' };
  await submitOnce(manifestId);
  return { kind: 'under way' };
}

/**
 * What came of these parts, while tables or quarantine hold it. null when another version took their place since: someone
 * who then uploads the old bytes again means them to count again.
 */
async function standingResult(context: FlowContext, granule: Granule): Promise<'complete' | 'failed' | null> {
  const state = await readRecord(context.warehouse, controlKeys.granule(granule.granule_key), granuleStateSchema);
  if (state !== null && isSameVersion(state.value.parts, granule.parts)) return 'complete';
  const quarantine = await readQuarantine(context, granule.granule_key);
  return quarantine !== null && isSameVersion(quarantine.value.parts, granule.parts) ? 'failed' : null;
}

/** An object that was uploaded again has lost its tag, and would never go to the archive. */
async function askForTags(
  context: FlowContext,
  objects: readonly ObjectFacts[],
  status: 'complete' | 'failed',
): Promise<void> {
  const tags = await inParallel(objects, ledgerParallelCount, ({ key }) => context.raw.getTags(key));
  if (tags.every((tag) => processingStatusTag.key in tag)) return;
  await context.jobEvents.send([tagMessage(objects, status)]);
}

function newestMs(objects: readonly ObjectFacts[]): number {
  return objects.reduce((newest, { lastModifiedMs }) => Math.max(newest, lastModifiedMs), 0);
}
