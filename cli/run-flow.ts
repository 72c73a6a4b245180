import type { PackMode } from '#core/pipeline/pack-manifest.ts';
import { onQueue as batchQueue } from '#functions/manifest-batcher/handler.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import type { Lake } from './open-lake.ts';

export interface FlowReport {
  readonly manifestCount: number;
  readonly completeCount: number;
  readonly failedCount: number;
  /** Granules that lack a part, and what. */
  readonly waiting: readonly { readonly granuleKey: string; readonly missing: string }[];
  /** Messages that nobody understands: they are among the dead letters. */
  readonly poison: readonly { readonly messageId: string; readonly reason: string }[];
  /** Settlements that failed; they are tried again by the next run. */
  readonly settlementFailures: readonly string[];
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
  const settlementFailures = new Map<string, string>();
  for (;;) {
    const batched = await batchQueue(lake, options.mode ?? 'flush');
    manifestCount += batched.manifests.length;
    for (const { messageId, reason } of batched.poison) poison.set(messageId, reason);
    await lake.runner.drain(options.signal);
    const { settled, failures } = await settleQueue(lake);
    for (const { manifestId, result } of settled) {
      if (result.state === 'settled') settledIds.set(manifestId, result.settlement);
    }
    for (const { messageId, reason } of failures) settlementFailures.set(messageId, reason);
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
