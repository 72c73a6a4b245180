import { Buffer } from 'node:buffer';
import type { Message, SQS } from '@aws-sdk/client-sqs';
import { FormatError } from '#core/errors.ts';
import { queueBatchCountMax, queueMessageBytesMax, receiveCountMax, visibilityTimeoutMsMax } from '#core/limits.ts';
import type { Queue, QueueDepth, QueueMessage } from '#core/ports/queue.ts';
import type { SqsConnection } from './sqs-connection.ts';
import { retrySome, sqsError } from './sqs-error.ts';

export interface SqsQueueOptions {
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  readonly client: SqsConnection;
  /** How long a receive of an empty queue waits; one second, the least that asks all of SQS's servers, when absent. */
  readonly waitMs?: number;
}

/** Dead letters that are looked at stay hidden from others for this long. */
const peekMs = 30_000;

/**
 * A standard queue of Amazon SQS with its dead-letter queue. The queue's own settings say how long a message stays hidden
 * and how often it is received (core/limits `receiveCountMax`). SQS does not tell when the oldest message was sent:
 * `oldestSentMs` is null, and CloudWatch has the age. On SQS a receipt of an earlier receive may still delete.
 */
export function sqsQueue(options: SqsQueueOptions): Queue {
  return new SqsQueue(options);
}

class SqsQueue implements Queue {
  readonly #url: string;
  readonly #deadUrl: string;
  readonly #connection: SqsConnection;
  readonly #waitSeconds: number;

  constructor({ queueUrl, deadLetterUrl, client, waitMs = 1000 }: SqsQueueOptions) {
    this.#url = queueUrl;
    this.#deadUrl = deadLetterUrl;
    this.#connection = client;
    this.#waitSeconds = Math.ceil(waitMs / 1000);
  }

  /** @throws FormatError for a body above 1 MiB: nothing is sent then. Disposition: quarantine. */
  async send(bodies: readonly string[]): Promise<void> {
    for (const batch of batchesOf(bodies)) await this.#sendBatch(batch);
  }

  async receive(countMax: number): Promise<QueueMessage[]> {
    const received = await this.#receiveFrom(this.#url, countMax, { waitSeconds: this.#waitSeconds });
    return received.map(messageOf);
  }

  async delete(receipts: readonly string[]): Promise<void> {
    await this.#deleteFrom(this.#url, receipts);
  }

  async release(receipts: readonly string[], delayMs: number): Promise<void> {
    await this.#changeVisibility(this.#url, receipts, delayMs);
  }

  async depth(): Promise<QueueDepth> {
    const [queue, dead] = await Promise.all([this.#counts(this.#url), this.#counts(this.#deadUrl)]);
    return { ...queue, deadCount: dead.visibleCount + dead.hiddenCount, oldestSentMs: null };
  }

  async deadLetters(): Promise<QueueMessage[]> {
    const found = await this.#receiveFrom(this.#deadUrl, Number.POSITIVE_INFINITY, { peekMs, waitSeconds: 0 });
    await this.#changeVisibility(
      this.#deadUrl,
      found.map(({ ReceiptHandle }) => ReceiptHandle!),
      0,
    );
    // Looking counts as a receive; a dead letter was received in its queue as often as the queue allows.
    const messages = found.map((message) => ({ ...messageOf(message), receiveCount: receiveCountMax }));
    return messages.sort((left, right) => left.sentMs - right.sentMs);
  }

  /**
   * Sends each dead letter again and deletes it then: killed between the two, it is delivered twice, never lost. SQS can
   * move messages by itself, but does not say when it is done with how many.
   */
  async redrive(): Promise<number> {
    for (let count = 0; ; ) {
      const found = await this.#receiveFrom(this.#deadUrl, queueBatchCountMax, { peekMs, waitSeconds: 0 });
      if (found.length === 0) return count;
      await this.send(found.map(({ Body }) => Body!));
      await this.#deleteFrom(
        this.#deadUrl,
        found.map(({ ReceiptHandle }) => ReceiptHandle!),
      );
      count += found.length;
    }
  }

  async #sendBatch(bodies: readonly string[]): Promise<void> {
    await retrySome(this.#url, bodies, async (waiting) => {
      // A FIFO queue hands out one message of a group at a time: ours have one group.
      const group = this.#url.endsWith('.fifo') ? { MessageGroupId: 'cubelake' } : {};
      const Entries = waiting.map((MessageBody, index) => ({ Id: String(index), MessageBody, ...group }));
      return (await this.#perform((client) => client.sendMessageBatch({ QueueUrl: this.#url, Entries }))).Failed;
    });
  }

  async #receiveFrom(
    QueueUrl: string,
    countMax: number,
    { peekMs, waitSeconds }: { readonly peekMs?: number; readonly waitSeconds: number },
  ): Promise<Message[]> {
    const received: Message[] = [];
    while (received.length < countMax) {
      const wanted = Math.min(queueBatchCountMax, countMax - received.length);
      const { Messages = [] } = await this.#perform((client) =>
        client.receiveMessage({
          QueueUrl,
          MaxNumberOfMessages: wanted,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
          WaitTimeSeconds: received.length === 0 ? waitSeconds : 0,
          ...(peekMs === undefined ? {} : { VisibilityTimeout: Math.ceil(peekMs / 1000) }),
        }),
      );
      if (Messages.length === 0) break;
      received.push(...Messages);
    }
    return received;
  }

  async #deleteFrom(QueueUrl: string, receipts: readonly string[]): Promise<void> {
    for (let start = 0; start < receipts.length; start += queueBatchCountMax) {
      await retrySome(QueueUrl, receipts.slice(start, start + queueBatchCountMax), async (waiting) => {
        const Entries = waiting.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
        return (await this.#perform((client) => client.deleteMessageBatch({ QueueUrl, Entries }))).Failed;
      });
    }
  }

  async #changeVisibility(QueueUrl: string, receipts: readonly string[], delayMs: number): Promise<void> {
    const VisibilityTimeout = Math.ceil(Math.min(delayMs, visibilityTimeoutMsMax) / 1000);
    for (let start = 0; start < receipts.length; start += queueBatchCountMax) {
      await retrySome(QueueUrl, receipts.slice(start, start + queueBatchCountMax), async (waiting) => {
        const Entries = waiting.map((ReceiptHandle, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout,
        }));
        return (await this.#perform((client) => client.changeMessageVisibilityBatch({ QueueUrl, Entries }))).Failed;
      });
    }
  }

  async #counts(QueueUrl: string): Promise<{ readonly visibleCount: number; readonly hiddenCount: number }> {
    const { Attributes = {} } = await this.#perform((client) =>
      client.getQueueAttributes({
        QueueUrl,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
    );
    const hiddenCount =
      Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0) +
      Number(Attributes['ApproximateNumberOfMessagesDelayed'] ?? 0);
    return { visibleCount: Number(Attributes['ApproximateNumberOfMessages'] ?? 0), hiddenCount };
  }

  async #perform<Answer>(request: (client: SQS) => Promise<Answer>): Promise<Answer> {
    try {
      return await request(await this.#connection.client());
    } catch (error) {
      throw sqsError(error, this.#url);
    }
  }
}

/** Groups of at most ten bodies and at most 1 MiB together. */
function batchesOf(bodies: readonly string[]): string[][] {
  const batches: string[][] = [];
  let batchBytes = 0;
  for (const body of bodies) {
    const bodyBytes = Buffer.byteLength(body);
    if (bodyBytes > queueMessageBytesMax) {
      throw new FormatError(`Expected a message of at most ${queueMessageBytesMax} bytes, got ${bodyBytes} (queue).`);
    }
    const current = batches.at(-1);
    if (
      current === undefined ||
      current.length === queueBatchCountMax ||
      batchBytes + bodyBytes > queueMessageBytesMax
    ) {
      batches.push([body]);
      batchBytes = bodyBytes;
    } else {
      current.push(body);
      batchBytes += bodyBytes;
    }
  }
  return batches;
}

function messageOf(message: Message): QueueMessage {
  return {
    messageId: message.MessageId!,
    receipt: message.ReceiptHandle!,
    body: message.Body ?? '',
    receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
    sentMs: Number(message.Attributes?.SentTimestamp ?? 0),
  };
}
