import { CubelakeError } from '#core/errors.ts';
import type { PackMode } from '#core/pipeline/pack-manifest.ts';
import { onQueue as batchQueue } from '#functions/manifest-batcher/handler.ts';
import { type SettlementFailed, onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import type { Lake } from './open-lake.ts';

export interface FlowReport {
  readonly manifestCount: number;
  readonly completeCount: number;
  readonly failedCount: number;
  /** Granules that lack a part, and what. */
  readonly waiting: readonly { readonly granuleKey: string; readonly missing: string }[];
  /** Messages that nobody understands: they are among the dead letters. */
  readonly poison: readonly { readonly messageId: string; readonly reason: string }[];
  /** Settlements that failed; a run after a while tries them again. */
  readonly settlementFailures: readonly SettlementFailed[];
}

/** Settlements that were asked for and failed: the first decides the exit code, all are told. @throws CubelakeError */
export function requireSettlements({ settlementFailures }: FlowReport): void {
  const [first] = settlementFailures;
  if (first === undefined) return;
  const reasons = settlementFailures.map(({ manifestId, reason }) =>
    manifestId === null ? reason : `manifest ${manifestId} is not settled: ${reason}`,
  );
  throw new CubelakeError(reasons.join('\ncubelake: '), first.disposition);
}

/**
 * The local scheduler: batches what is in the queue, runs the jobs, settles them, and again until nothing moves. Granules
 * that wait for a part do not hold it up. May be killed and started at any time.
 */
export async function runFlow(
  lake: Lake,
  options: { mode?: PackMode; signal?: AbortSignal } = {},
): Promise<FlowReport> {
  let manifestCount = 0;
  const settledIds = new Map<string, { complete_count: number; failed_count: number }>();
  const poison = new Map<string, string>();
  const settlementFailures = new Map<string, SettlementFailed>();
  for (;;) {
    const batched = await batchQueue(lake, options.mode ?? 'flush');
    manifestCount += batched.manifests.length;
    for (const { messageId, reason } of batched.poison) poison.set(messageId, reason);
    await lake.runner.drain(options.signal);
    const { settled, failures } = await settleQueue(lake);
    for (const { manifestId, result } of settled) {
      settlementFailures.delete(manifestId);
      if (result.state === 'settled') settledIds.set(manifestId, result.settlement);
    }
    for (const failure of failures) settlementFailures.set(failure.manifestId ?? failure.messageId, failure);
    const isIdle = batched.manifests.length === 0 && batched.messageCount === 0 && settled.length === 0;
    if (!isIdle && options.signal?.aborted !== true) continue;
    const settlements = [...settledIds.values()];
    return {
      manifestCount,
      completeCount: settlements.reduce((count, settlement) => count + settlement.complete_count, 0),
      failedCount: settlements.reduce((count, settlement) => count + settlement.failed_count, 0),
      waiting: batched.waiting,
      poison: [...poison].map(([messageId, reason]) => ({ messageId, reason })),
      settlementFailures: [...settlementFailures.values()],
    };
  }
}
