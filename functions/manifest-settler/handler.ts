import { CubelakeError, type Disposition, FormatError, HeldError } from '#core/errors.ts';
import { queueBatchCountMax } from '#core/limits.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { parseJobEvent, parseTagMessage } from '#core/pipeline/flow-messages.ts';
import { tagParts } from '#core/pipeline/quarantine.ts';
import { type SettleResult, settle } from '#core/pipeline/settle.ts';
import { writeSettlementFailure } from '#core/pipeline/settlement-failure.ts';

/** A settlement that failed is tried again after this; the job runner is long done, so nothing waits for it. */
const retryDelayMs = 30_000;

export interface SettlerReport {
  readonly settled: readonly { readonly manifestId: string; readonly result: SettleResult }[];
  readonly failures: readonly SettlementFailed[];
}

export interface SettlementFailed {
  readonly messageId: string;
  /** null for a message that is about no manifest. */
  readonly manifestId: string | null;
  readonly reason: string;
  readonly disposition: Disposition;
}

/**
 * Lambda, on the end of a job or a request to tag. An error makes Lambda and SQS try again, and at last a dead letter; why
 * a manifest is not settled is in the ledger from the first try on.
 */
export async function onJobEvent(context: SettleContext, body: string): Promise<SettleResult | null> {
  const tag = parseTagMessage(body);
  if (tag !== null) await tagParts(context.raw, tag.parts, tag.status);
  const manifestId = tag === null ? manifestIdOf(body) : null;
  if (manifestId === null) return null;
  try {
    return await settle(context, manifestId);
  } catch (error) {
    if (!(error instanceof HeldError)) await writeSettlementFailure(context, manifestId, error);
    throw error;
  }
}

/** The local scheduler: settles until no event is visible. One that fails does not hold up the others. */
export async function onQueue(context: SettleContext): Promise<SettlerReport> {
  const settled: { manifestId: string; result: SettleResult }[] = [];
  const failures: SettlementFailed[] = [];
  for (;;) {
    const messages = await context.jobEvents.receive(queueBatchCountMax);
    if (messages.length === 0) return { settled, failures };
    for (const { messageId, receipt, body } of messages) {
      try {
        const result = await onJobEvent(context, body);
        if (result !== null) settled.push({ manifestId: parseJobEvent(body)!, result });
        await context.jobEvents.delete([receipt]);
      } catch (error) {
        if (!(error instanceof CubelakeError)) throw error;
        const { message: reason, disposition } = error;
        if (!(error instanceof HeldError))
          failures.push({ messageId, manifestId: parseJobEvent(body) ?? null, reason, disposition });
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
