import { randomUUID } from 'node:crypto';
import { SQS } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { sqsConnection } from '#adapters/sqs/sqs-connection.ts';
import { sqsQueue } from '#adapters/sqs/sqs-queue.ts';
import { ConfigurationError, FormatError } from '#core/errors.ts';
import { queueMessageBytesMax, receiveCountMax } from '#core/limits.ts';
import { type QueueUnderTest, queueConformance } from '../../conformance/queue.ts';
import type { TestClock } from '../../conformance/test-clock.ts';

const endpoint = process.env['PEER_SQS_ENDPOINT'];
if (endpoint === undefined) throw new Error('Expected PEER_SQS_ENDPOINT, got none. Run the check.sh beside this file.');
const sqs = new SQS({ endpoint, region: 'us-east-1' });
const client = sqsConnection({ endpoint, region: 'us-east-1' });
const visibilityTimeoutMs = 2000;

/** Real time: the server runs in another process, so this one may stand still. */
const waitingClock: TestClock = {
  nowMs: () => Date.now(),
  sleepMs: async (durationMs) => waitingClock.advance(durationMs),
  advance: (durationMs) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs),
};

async function emptyQueue(): Promise<QueueUnderTest> {
  const name = randomUUID();
  const { QueueUrl: deadLetterUrl } = await sqs.createQueue({ QueueName: `${name}-dead` });
  const attributes = await sqs.getQueueAttributes({ QueueUrl: deadLetterUrl!, AttributeNames: ['QueueArn'] });
  const deadLetterTargetArn = attributes.Attributes!['QueueArn'];
  const { QueueUrl: queueUrl } = await sqs.createQueue({
    QueueName: name,
    Attributes: {
      VisibilityTimeout: String(visibilityTimeoutMs / 1000),
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: receiveCountMax }),
    },
  });
  const queue = sqsQueue({ queueUrl: queueUrl!, deadLetterUrl: deadLetterUrl!, client, waitMs: 0 });
  return { queue, clock: waitingClock, visibilityTimeoutMs, slackMs: 600, tellsAge: false, voidsEarlyReceipts: false };
}

queueConformance('SQS', emptyQueue);

describe('SQS', () => {
  it('takes and gives more messages than one request holds', async () => {
    const { queue } = await emptyQueue();
    const bodies = Array.from({ length: 25 }, (_, index) => `${index} ${'x'.repeat(20_000)}`);
    await queue.send(bodies);
    const received = await queue.receive(25);
    expect(received.map(({ body }) => body).toSorted()).toEqual(bodies.toSorted());
    await queue.delete(received.map(({ receipt }) => receipt));
    expect(await queue.depth()).toEqual({ visibleCount: 0, hiddenCount: 0, deadCount: 0, oldestSentMs: null });
  });

  it('refuses a message above 1 MiB before anything is sent, and names a queue that is not there', async () => {
    const { queue } = await emptyQueue();
    await expect(queue.send(['small', 'x'.repeat(queueMessageBytesMax + 1)])).rejects.toThrow(FormatError);
    expect((await queue.depth()).visibleCount).toBe(0);
    const queueUrl = `${endpoint}/123456789012/nowhere`;
    const missing = sqsQueue({ queueUrl, deadLetterUrl: queueUrl, client, waitMs: 0 });
    await expect(missing.receive(1)).rejects.toThrow(ConfigurationError);
  });
});
