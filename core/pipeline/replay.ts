import type { ObjectFacts } from '../ports/object-store.ts';
import type { FlowContext, TableView } from './flow-context.ts';
import { objectCreatedMessage } from './flow-messages.ts';
import { granuleOfObject } from './granule-assembly.ts';
import type { GranuleStatus, GranuleStatusName } from './granule-status.ts';
import { redriveGranule } from './redrive.ts';
import { status } from './status.ts';

export interface ReplaySelection {
  /** Start of the raw keys; empty for all. */
  readonly prefix: string;
  /** Only granules with an object that arrived at this time or later. */
  readonly sinceMs: number;
}

export interface ReplayPlan {
  /** Granules whose event is sent again: nothing works on them. */
  readonly sentKeys: readonly string[];
  /** Granules that failed and are asked for again. */
  readonly redrivenKeys: readonly string[];
  /** Granules that are complete in the version that raw holds, or on their way. */
  readonly unchanged: Readonly<Record<'complete' | 'running' | 'waiting', readonly string[]>>;
  /** Objects of the selection that belong to no granule. */
  readonly otherKeys: readonly string[];
}

interface PlannedReplay {
  readonly plan: ReplayPlan;
  /** One object of each granule of `sentKeys`. */
  readonly objects: readonly ObjectFacts[];
}

/** What `replay` would send, without sending it. */
export async function planReplay(
  context: FlowContext & TableView,
  { prefix, sinceMs }: ReplaySelection,
): Promise<PlannedReplay> {
  const newest = new Map<string, ObjectFacts>();
  const otherKeys: string[] = [];
  for await (const facts of context.raw.list(prefix)) {
    if (facts.lastModifiedMs < sinceMs) continue;
    const granule = granuleOfObject(context.payloads, facts.key);
    if (granule === null) otherKeys.push(facts.key);
    else newest.set(granule.granuleKey, facts);
  }
  const keys: Record<GranuleStatusName | 'lost', string[]> = {
    complete: [],
    failed: [],
    running: [],
    waiting: [],
    lost: [],
  };
  for (const granule of (await status(context, prefix.slice(0, prefix.lastIndexOf('/') + 1))).granules) {
    if (newest.has(granule.granuleKey)) keys[kindOf(granule)].push(granule.granuleKey);
  }
  const { complete, running, waiting } = keys;
  return {
    plan: {
      sentKeys: keys.lost,
      redrivenKeys: keys.failed,
      unchanged: { complete, running, waiting },
      otherKeys,
    },
    objects: keys.lost.map((key) => newest.get(key)!),
  };
}

/** A granule that was rolled back waits for whoever rolled it back; one that lost its job is the reconciler's. */
function kindOf(granule: GranuleStatus): GranuleStatusName | 'lost' {
  return granule.lost === 'event' ? 'lost' : granule.status;
}

/**
 * Sends what raw holds through the flow again, as if it arrived now. What is complete in the same version does nothing, and
 * neither does what is on its way: sending too much does no harm, and the same call twice is one.
 */
export async function replay(context: FlowContext & TableView, selection: ReplaySelection): Promise<ReplayPlan> {
  const { plan, objects } = await planReplay(context, selection);
  for (const facts of objects) await context.events.send([objectCreatedMessage(context.bucket, facts)]);
  for (const granuleKey of plan.redrivenKeys) await redriveGranule(context, granuleKey);
  return plan;
}
