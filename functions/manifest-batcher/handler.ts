import { queueBatchCountMax } from '#core/limits.ts';
import { type BatchingReport, batchManifests } from '#core/pipeline/batch-manifests.ts';
import type { FlowContext } from '#core/pipeline/flow-context.ts';
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

/** Lambda, on a batch of messages: takes them into the ledger and sends full manifests. */
export async function onEvents(context: FlowContext, event: SqsEvent): Promise<SqsBatchResponse> {
  const { poison } = await takeMessages(context, event.Records);
  await batchManifests(context, 'full');
  return { batchItemFailures: poison.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** Lambda, on a schedule: sends what is there, so that a single cube in winter is not stuck. */
export function onSchedule(context: FlowContext): Promise<BatchingReport> {
  return batchManifests(context, 'flush');
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
  let ignoredCount = 0;
  const poison: { messageId: string; reason: string }[] = [];
  for (const { messageId, body } of messages) {
    const intake = await takeMessage(context, body);
    ignoredCount += intake.ignoredCount;
    if (intake.poison !== null) poison.push({ messageId, reason: intake.poison });
  }
  return { ignoredCount, poison };
}
