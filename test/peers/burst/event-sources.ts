// What AWS runs between queues, clocks and functions: node event-sources.ts SETTINGS.json. Event source mappings with their
// rules (batch size, concurrency, partial failures; a failed call leaves its messages to the queue) and two schedules.
// It is killed at random too, and its environments end with it; whatever it held comes back when the queue says so.
import { readFileSync } from 'node:fs';
import { type Message, SQS } from '@aws-sdk/client-sqs';
import { LambdaFunction } from './lambda-function.ts';
import type { Settings } from './settings.ts';

const settings = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Settings;
const sqs = new SQS({ endpoint: settings.motoUri, region: 'us-east-1' });
const functionOf = (kind: 'batcher' | 'settler'): LambdaFunction =>
  new LambdaFunction({
    kind,
    bundle: `${settings.functionsFolder}/manifest-${kind}/main.mjs`,
    env: { ...settings.functionVariables, AWS_LAMBDA_FUNCTION_NAME: `burst-manifest-${kind}` },
    pidFolder: settings.pidFolder,
    limitMs: settings.functionLimitMs,
  });
const batcher = functionOf('batcher');
const settler = functionOf('settler');

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

interface Mapping {
  readonly queueUrl: string;
  readonly target: LambdaFunction;
  readonly batchSize: number;
}

/** One consumer of an event source mapping; a mapping has as many as its concurrency allows. */
async function consume({ queueUrl, target, batchSize }: Mapping): Promise<void> {
  for (;;) {
    const messages = await receive(queueUrl, batchSize);
    if (messages.length === 0) continue;
    const Records = messages.map(({ MessageId, Body, ReceiptHandle }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      eventSource: 'aws:sqs',
    }));
    let failed: ReadonlySet<string>;
    try {
      const answer = (await target.invoke({ Records })) as { batchItemFailures?: { itemIdentifier: string }[] } | null;
      failed = new Set(answer?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
    } catch (error) {
      console.error(`call failed: ${(error as Error).message.slice(0, 300)}`);
      failed = new Set(messages.map(({ MessageId }) => MessageId!));
    }
    await finish(queueUrl, messages, failed);
  }
}

/** Up to `batchSize` messages, as many as come without waiting for more after the first. */
async function receive(QueueUrl: string, batchSize: number): Promise<Message[]> {
  const received: Message[] = [];
  while (received.length < batchSize) {
    const MaxNumberOfMessages = Math.min(10, batchSize - received.length);
    const WaitTimeSeconds = received.length === 0 ? 1 : 0;
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages, WaitTimeSeconds });
    if (Messages.length === 0) break;
    received.push(...Messages);
  }
  return received;
}

/** Good messages are deleted; failed ones are seen again after a second, which stands for the half an hour of the real queue. */
async function finish(QueueUrl: string, messages: readonly Message[], failed: ReadonlySet<string>): Promise<void> {
  for (let start = 0; start < messages.length; start += 10) {
    const ten = messages.slice(start, start + 10).map(({ MessageId, ReceiptHandle }) => ({ MessageId, ReceiptHandle }));
    const entries = ten.map(({ MessageId, ReceiptHandle }, index) => ({ Id: String(index), MessageId, ReceiptHandle }));
    const deleted = entries.filter(({ MessageId }) => !failed.has(MessageId!));
    const released = entries.filter(({ MessageId }) => failed.has(MessageId!));
    if (deleted.length > 0) await sqs.deleteMessageBatch({ QueueUrl, Entries: deleted });
    if (released.length > 0) {
      const Entries = released.map((entry) => ({ ...entry, VisibilityTimeout: 1 }));
      await sqs.changeMessageVisibilityBatch({ QueueUrl, Entries });
    }
  }
}

/** A rule of EventBridge with a rate: an asynchronous call, whose failure the next one makes good. */
async function schedule(everyMs: number, event: unknown): Promise<void> {
  for (;;) {
    await pause(everyMs);
    await batcher
      .invoke(event)
      .catch((error: Error) => console.error(`scheduled call failed: ${error.message.slice(0, 300)}`));
  }
}

process.on('disconnect', () => process.exit(0));
const objects = { queueUrl: settings.objectQueueUrl, target: batcher, batchSize: 100 };
await Promise.all([
  consume(objects),
  consume(objects),
  consume({ queueUrl: settings.jobQueueUrl, target: settler, batchSize: 1 }),
  schedule(settings.fullEveryMs, { pack: 'full' }),
  schedule(settings.flushEveryMs, { pack: 'flush' }),
]);
