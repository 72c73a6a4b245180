import { CubelakeError, FormatError } from '#core/errors.ts';
import { queueBatchCountMax } from '#core/limits.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { parseJobEvent } from '#core/pipeline/flow-messages.ts';
import { type SettleResult, settle } from '#core/pipeline/settle.ts';

/** A settlement that failed is tried again after this; the job runner is long done, so nothing waits for it. */
const retryDelayMs = 30_000;

export interface SettlerReport {
  readonly settled: readonly { readonly manifestId: string; readonly result: SettleResult }[];
  readonly failures: readonly { readonly messageId: string; readonly reason: string }[];
}

/** Lambda, on the end of a job. An error makes Lambda and SQS try again, and at last a dead letter. */
export async function onJobEvent(context: SettleContext, body: string): Promise<SettleResult | null> {
  const manifestId = manifestIdOf(body);
  return manifestId === null ? null : settle(context, manifestId);
}

/** The local scheduler: settles until no event is visible. One that fails does not hold up the others. */
export async function onQueue(context: SettleContext): Promise<SettlerReport> {
  const settled: { manifestId: string; result: SettleResult }[] = [];
  const failures: { messageId: string; reason: string }[] = [];
  for (;;) {
    const messages = await context.jobEvents.receive(queueBatchCountMax);
    if (messages.length === 0) return { settled, failures };
    for (const { messageId, receipt, body } of messages) {
      try {
        const manifestId = manifestIdOf(body);
        if (manifestId !== null) settled.push({ manifestId, result: await settle(context, manifestId) });
        await context.jobEvents.delete([receipt]);
      } catch (error) {
        if (!(error instanceof CubelakeError)) throw error;
        failures.push({ messageId, reason: error.message });
        await context.jobEvents.release([receipt], retryDelayMs);
      }
    }
  }
}

/** null when the event is not about the end of one of our jobs. */
function manifestIdOf(body: string): string | null {
  const manifestId = parseJobEvent(body);
  if (manifestId === undefined) {
    throw new FormatError('Expected a job event, got another message (job events).');
  }
  return manifestId;
}
