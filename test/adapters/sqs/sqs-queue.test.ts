import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sqsConnection } from '#adapters/sqs/sqs-connection.ts';
import { sqsQueue } from '#adapters/sqs/sqs-queue.ts';
import { FormatError, TemporaryError } from '#core/errors.ts';

interface Entry {
  readonly Id: string;
  readonly MessageBody?: string;
  readonly ReceiptHandle?: string;
}
type Failure = { readonly Code: string; readonly SenderFault: boolean };

/** Batches as they came, and which entries the server fails. */
const batches: string[][] = [];
let failureOf: (item: string) => Failure | null = () => null;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { Entries } = JSON.parse(Buffer.concat(chunks).toString()) as { Entries: Entry[] };
    const items = Entries.map(({ MessageBody, ReceiptHandle }) => (MessageBody ?? ReceiptHandle)!);
    batches.push(items);
    const Failed = Entries.flatMap(({ Id }, index) => {
      const failure = failureOf(items[index]!);
      return failure === null ? [] : [{ Id, ...failure, Message: 'no' }];
    });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ Successful: [], Failed }));
  });
});
let queue: ReturnType<typeof sqsQueue>;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = sqsConnection({ endpoint, region: 'us-east-1', credentials });
  queue = sqsQueue({ queueUrl: `${endpoint}/1/queue`, deadLetterUrl: `${endpoint}/1/dead`, client });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  batches.length = 0;
  failureOf = () => null;
});

describe('a batch that SQS does in part', () => {
  it('is repeated for the entries that failed, and for no others', async () => {
    const busy = new Set(['b', 'd']);
    failureOf = (item) => (busy.delete(item) ? { Code: 'InternalError', SenderFault: false } : null);
    await queue.delete(['a', 'b', 'c', 'd']);
    expect(batches).toEqual([
      ['a', 'b', 'c', 'd'],
      ['b', 'd'],
    ]);
  });

  it('is done for receipts that are spent', async () => {
    failureOf = (item) => (item === 'old' ? { Code: 'ReceiptHandleIsInvalid', SenderFault: true } : null);
    await queue.delete(['old', 'new']);
    await queue.release(['old', 'new'], 1000);
    expect(batches).toHaveLength(2);
  });

  it('is an error when an entry is refused, or fails to the last try', async () => {
    failureOf = () => ({ Code: 'InvalidMessageContents', SenderFault: true });
    await expect(queue.send(['a'])).rejects.toThrow(FormatError);
    failureOf = () => ({ Code: 'InternalError', SenderFault: false });
    await expect(queue.send(['a', 'b'])).rejects.toThrow(TemporaryError);
  });

  it('holds at most ten messages and 1 MiB, each message once and in order', async () => {
    const small = Array.from({ length: 23 }, (_, index) => String(index));
    await queue.send(small);
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(batches.flat()).toEqual(small);
    batches.length = 0;
    // 400 000 bytes each: two fit 1 048 576, three do not. "é" counts twice.
    const large = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter + 'é'.repeat(200_000));
    await queue.send(large);
    expect(batches.map(({ length }) => length)).toEqual([2, 2, 1]);
  });
});
