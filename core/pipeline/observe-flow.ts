import { settlementSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { observedJobCountMax, observedSettlementCountMax } from '../limits.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';
import type { FlowContext } from './flow-context.ts';
import { jobNameOf } from './granule-version.ts';
import { readRecord } from './ledger.ts';

type ObserveContext = Pick<FlowContext, 'warehouse' | 'runner' | 'clock'>;

export interface UnsettledManifest {
  readonly manifestId: string;
  readonly ageMs: number;
}

export interface FlowObservation {
  /** Oldest first. */
  readonly unsettled: readonly UnsettledManifest[];
  /** Those of `unsettled` that are older than the limit. */
  readonly stuck: readonly UnsettledManifest[];
  /** Of the oldest unsettled manifests: those of whose jobs nothing has begun after half of the limit. */
  readonly lateJobs: readonly UnsettledManifest[];
  /** Since a settlement brought rows to the tables; null when none of the newest did. */
  readonly sinceCommitMs: number | null;
  /** How long unsettled manifests have waited without any commit; 0 when there are none. */
  readonly stalledMs: number;
}

/**
 * What hangs, from two listings of the ledger and a look at few jobs: cheap enough for every hour, while a
 * reconciliation lists all of raw. Nothing is changed.
 *
 * @param unsettledMsMax A manifest older than this without a settlement is stuck.
 */
export async function observeFlow(context: ObserveContext, unsettledMsMax: number): Promise<FlowObservation> {
  const nowMs = context.clock.nowMs();
  const settled = await dated(context.warehouse, controlKeys.settlementPrefix);
  const planned = await dated(context.warehouse, controlKeys.manifestPrefix);
  const unsettled = [...planned]
    .filter(([manifestId]) => !settled.has(manifestId))
    .map(([manifestId, writtenMs]) => ({ manifestId, ageMs: Math.max(0, nowMs - writtenMs) }))
    .sort((a, b) => b.ageMs - a.ageMs);
  const lateJobs: UnsettledManifest[] = [];
  for (const manifest of unsettled.slice(0, observedJobCountMax)) {
    if (manifest.ageMs <= unsettledMsMax / 2) break;
    if (await hasNotBegun(context, manifest.manifestId)) lateJobs.push(manifest);
  }
  const committedMs = await lastCommitMs(context, settled);
  const sinceCommitMs = committedMs === null ? null : Math.max(0, nowMs - committedMs);
  return {
    unsettled,
    stuck: unsettled.filter(({ ageMs }) => ageMs > unsettledMsMax),
    lateJobs,
    sinceCommitMs,
    stalledMs: Math.min(unsettled[0]?.ageMs ?? 0, sinceCommitMs ?? Number.POSITIVE_INFINITY),
  };
}

/** Age of the oldest request that no manifest has taken; 0 when there is none. */
export async function oldestWaitingMs(context: Pick<FlowContext, 'warehouse' | 'clock'>): Promise<number> {
  const pending = await dated(context.warehouse, controlKeys.pendingPrefix);
  const nowMs = context.clock.nowMs();
  let oldestMs = 0;
  for (const writtenMs of pending.values()) oldestMs = Math.max(oldestMs, nowMs - writtenMs);
  return oldestMs;
}

/** Ids of the records under a prefix, and when each was written. */
async function dated(store: ObjectStore, prefix: string): Promise<Map<string, number>> {
  const idOf = ({ key }: ObjectFacts): string => key.slice(prefix.length, -'.json'.length);
  const records = new Map<string, number>();
  for await (const facts of store.list(prefix)) records.set(idOf(facts), facts.lastModifiedMs);
  return records;
}

/** Only children tell: the parent of an array waits while its children run. */
async function hasNotBegun({ runner }: ObserveContext, manifestId: string): Promise<boolean> {
  const job = await runner.describe(jobNameOf(manifestId));
  return job?.children.every(({ status }) => status === 'waiting') ?? false;
}

/** Settlements of nothing but failures bring no rows. */
async function lastCommitMs(context: ObserveContext, settled: ReadonlyMap<string, number>): Promise<number | null> {
  const newest = [...settled].sort(([, a], [, b]) => b - a).slice(0, observedSettlementCountMax);
  for (const [manifestId, settledMs] of newest) {
    const record = await readRecord(context.warehouse, controlKeys.settlement(manifestId), settlementSchema);
    if (record !== null && record.value.complete_count > 0) return settledMs;
  }
  return null;
}
