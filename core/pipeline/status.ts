import { ledgerParallelCount } from '../limits.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import type { QueueDepth } from '../ports/queue.ts';
import { submitManifest } from './claims.ts';
import type { FlowContext, TableView } from './flow-context.ts';
import { jobEndedMessage, objectCreatedMessage, tagMessage } from './flow-messages.ts';
import { granuleOfObject } from './granule-assembly.ts';
import { type GranuleStatus, type GranuleStatusName, granuleStatus } from './granule-status.ts';
import { inParallel } from './in-parallel.ts';
import type { Payload } from './payload.ts';
import { listPending } from './pending-requests.ts';
import { rowsInTables } from './rows-in-tables.ts';

type StatusContext = FlowContext & TableView;

export interface StatusReport {
  /** In the order of their keys. The four counts add up to this list's length: no granule is in no state. */
  readonly granules: readonly GranuleStatus[];
  readonly counts: Readonly<Record<GranuleStatusName, number>>;
  /** Objects of raw that belong to no payload. */
  readonly otherKeys: readonly string[];
  readonly events: QueueDepth;
  readonly jobEvents: QueueDepth;
  readonly deadLetters: readonly { readonly queue: 'events' | 'job events'; readonly body: string }[];
}

/**
 * What became of every object in raw, by listing raw itself: nothing is taken from the events' word.
 * @param folder Start of the raw keys to look at, up to a slash: parts of a granule lie in one folder.
 */
export async function status(context: StatusContext, folder = ''): Promise<StatusReport> {
  const { granules: found, otherKeys } = await granulesInRaw(context, folder);
  const pendingKeys = new Set((await listPending(context)).map(({ pending }) => pending.granule_key));
  const rows = await rowsInTables(context, context.payloads);
  const granules = await inParallel(found, ledgerParallelCount, (granule) =>
    granuleStatus(context, granule, pendingKeys, rows),
  );
  const counts = { complete: 0, failed: 0, running: 0, waiting: 0 };
  for (const granule of granules) counts[granule.status]++;
  const eventLetters = await context.events.deadLetters();
  const jobLetters = await context.jobEvents.deadLetters();
  return {
    granules,
    counts,
    otherKeys,
    events: await context.events.depth(),
    jobEvents: await context.jobEvents.depth(),
    deadLetters: [
      ...eventLetters.map(({ body }) => ({ queue: 'events' as const, body })),
      ...jobLetters.map(({ body }) => ({ queue: 'job events' as const, body })),
    ],
  };
}

export interface ReconcileReport extends StatusReport {
  /** Granules that had lost an event or a job, and got it again. */
  readonly requeued: readonly string[];
}

/**
 * The status, after bringing back what was lost: the event of a granule that nobody works on, the job of a manifest, the
 * event of a job that ended, the tag of an object that was uploaded again. Bringing back too much does no harm: everything recognizes work that is done. A granule whose
 * rows were rolled back is not brought back, since someone wanted them gone; but its objects lose the tag that would let
 * them go to an archive.
 */
export async function reconcile(context: StatusContext): Promise<ReconcileReport> {
  const before = await status(context);
  const lost = before.granules.filter((granule) => granule.lost !== null);
  const manifests = new Map(
    lost.filter(({ lost: what }) => what === 'job' || what === 'job event').map((each) => [each.manifestId, each.lost]),
  );
  for (const [manifestId, what] of manifests) {
    if (manifestId === null) continue;
    if (what === 'job') await submitManifest(context, manifestId);
    else await context.jobEvents.send([jobEndedMessage(manifestId, 'failed')]);
  }
  const eventless = new Set(lost.filter((granule) => granule.lost === 'event').map(({ granuleKey }) => granuleKey));
  const verdicts = new Map<string, 'complete' | 'failed' | 'waiting'>();
  for (const granule of before.granules) {
    if (granule.isRolledBack) verdicts.set(granule.granuleKey, 'waiting');
    else if (granule.lost === 'tag') {
      verdicts.set(granule.granuleKey, granule.status === 'complete' ? 'complete' : 'failed');
    }
  }
  for await (const facts of context.raw.list('')) {
    const granule = granuleOfObject(context.payloads, facts.key);
    if (granule === null) continue;
    const verdict = verdicts.get(granule.granuleKey);
    // Only the settler may tag.
    if (verdict !== undefined) await context.jobEvents.send([tagMessage([facts], verdict)]);
    if (eventless.delete(granule.granuleKey)) await context.events.send([objectCreatedMessage(context.bucket, facts)]);
  }
  return { ...(await status(context)), requeued: lost.map(({ granuleKey }) => granuleKey) };
}

interface GranulesInRaw {
  readonly granules: readonly { payload: Payload; granuleKey: string; objects: ObjectFacts[] }[];
  readonly otherKeys: readonly string[];
}

async function granulesInRaw(context: FlowContext, folder: string): Promise<GranulesInRaw> {
  const granules = new Map<string, { payload: Payload; granuleKey: string; objects: ObjectFacts[] }>();
  const otherKeys: string[] = [];
  for await (const facts of context.raw.list(folder)) {
    const found = granuleOfObject(context.payloads, facts.key);
    if (found === null) {
      otherKeys.push(facts.key);
      continue;
    }
    const groupKey = `${found.payload.name} ${found.granuleKey}`;
    const granule = granules.get(groupKey) ?? { ...found, objects: [] };
    granule.objects.push(facts);
    granules.set(groupKey, granule);
  }
  return { granules: [...granules.values()], otherKeys };
}
