import { ConfigurationError } from '#core/errors.ts';
import { ledgerParallelCount, manifestSendMsMax, queueBatchCountMax } from '#core/limits.ts';
import { type BatchingReport, batchManifests } from '#core/pipeline/batch-manifests.ts';
import type { FlowContext } from '#core/pipeline/flow-context.ts';
import { inParallel } from '#core/pipeline/in-parallel.ts';
import type { PackMode } from '#core/pipeline/pack-manifest.ts';
import { takeMessage } from '#core/pipeline/pending-requests.ts';

export interface BatcherReport extends BatchingReport {
  readonly messageCount: number;
  readonly ignoredCount: number;
  readonly poison: readonly { readonly messageId: string; readonly reason: string }[];
}

/** What Lambda hands over from SQS. */
export interface SqsEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** Messages that stay in the queue, and after `receiveCountMax` receives in the dead letters. */
export interface SqsBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What a schedule sends: full manifests every minute, and now and then everything that waits. */
export interface PackEvent {
  readonly pack: PackMode;
}

/**
 * One Lambda call. Messages are only taken into the ledger, so that a burst empties the queue quickly and a throttled
 * AWS Batch makes no message fail; manifests are made on schedule, as many as the time of the call allows.
 *
 * @param remainingMs Asked again and again: what is left of the call.
 * @throws ConfigurationError for an event that is neither. Disposition: stop.
 */
export async function onBatcherEvent(
  context: FlowContext,
  event: SqsEvent | PackEvent,
  remainingMs: () => number,
): Promise<SqsBatchResponse | BatchingReport> {
  if ('Records' in event) {
    const { poison } = await takeMessages(context, event.Records);
    return { batchItemFailures: poison.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }
  if (event.pack === 'full' || event.pack === 'flush') {
    return batchManifests(context, event.pack, () => remainingMs() > manifestSendMsMax);
  }
  throw new ConfigurationError(
    `Expected Records, or pack as full or flush, got ${JSON.stringify(event).slice(0, 200)} (batcher). Correct the schedule.`,
  );
}

/** The local scheduler: the same, over a queue that it asks itself. A poison message is let go at once. */
export async function onQueue(context: FlowContext, mode: PackMode): Promise<BatcherReport> {
  let messageCount = 0;
  let ignoredCount = 0;
  const poison = new Map<string, string>();
  for (;;) {
    const messages = await context.events.receive(queueBatchCountMax);
    if (messages.length === 0) break;
    const taken = await takeMessages(context, messages);
    const failed = new Map(taken.poison.map(({ messageId, reason }) => [messageId, reason]));
    for (const [messageId, reason] of failed) poison.set(messageId, reason);
    const isPoison = ({ messageId }: { messageId: string }): boolean => failed.has(messageId);
    const receiptsOf = (wanted: boolean): string[] =>
      messages.filter((message) => isPoison(message) === wanted).map(({ receipt }) => receipt);
    await context.events.delete(receiptsOf(false));
    await context.events.release(receiptsOf(true), 0);
    messageCount += messages.length - failed.size;
    ignoredCount += taken.ignoredCount;
  }
  const poisonList = [...poison].map(([messageId, reason]) => ({ messageId, reason }));
  return { ...(await batchManifests(context, mode)), messageCount, ignoredCount, poison: poisonList };
}

async function takeMessages(
  context: FlowContext,
  messages: readonly { readonly messageId: string; readonly body: string }[],
): Promise<Pick<BatcherReport, 'ignoredCount' | 'poison'>> {
  const intakes = await inParallel(messages, ledgerParallelCount, ({ body }) => takeMessage(context, body));
  return {
    ignoredCount: intakes.reduce((count, intake) => count + intake.ignoredCount, 0),
    poison: intakes.flatMap(({ poison }, position) =>
      poison === null ? [] : [{ messageId: messages[position]!.messageId, reason: poison }],
    ),
  };
}
