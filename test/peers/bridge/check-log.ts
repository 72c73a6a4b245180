// Writer and reader on a real Kafka.
import assert from 'node:assert/strict';
import { Admin, ProduceAcks, Producer } from '@platformatic/kafka';
import { openKafkaPartLogReader } from '#adapters/kafka/kafka-part-log-reader.ts';
import { openKafkaPartLogWriter } from '#adapters/kafka/kafka-part-log-writer.ts';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';
import { partMessageBytesMax } from '#core/limits.ts';
import type { LogMessage, LogRecord, PartLogReader } from '#core/ports/part-log.ts';
import { LossyKafka } from './lossy-kafka.ts';

const options = (brokers: readonly string[]) => ({ brokers, clientId: 'check', tls: null, sasl: null });
const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
const message = (value: Uint8Array | string): LogMessage => ({
  key: 'k',
  headers: { ce_id: 'zoë' },
  value: Buffer.from(value),
});

export async function checkLog(address: string, say: (text: string) => void): Promise<void> {
  const admin = new Admin({ clientId: 'check', bootstrapBrokers: [address] });
  const reader = openKafkaPartLogReader(options([address]), 'check');
  await admin.createTopics({ topics: ['lossy', 'large', 'transactions', 'growing'], partitions: 1, replicas: 1 });
  const grown = await startGrowing(admin, reader, address);
  await writesOnceThroughLostAnswers(address, reader);
  say('one answer of three to a producer was lost: every message once, in its order');
  await readsLargeMessages(address, reader);
  say('messages of the largest size, more than an answer holds: all of them, whole');
  await leavesOutAborted(address, reader);
  say('what a transaction has taken back is not read');
  await refusesWhatIsNotThere(admin, address, reader);
  say('offsets that are not there, a topic made again while it is read, no topic, no Kafka: errors that say so');
  assert.equal(await grown.found, 'in the new partition');
  say('a partition that was added is read');
  await reader.close();
  await admin.close();
}

/** The first `count` messages from `offset` on of partition 0. */
async function taken(reader: PartLogReader, topic: string, count: number, offset = 0n): Promise<LogRecord[]> {
  const reading = new AbortController();
  const records: LogRecord[] = [];
  for await (const record of reader.read(topic, new Map([[0, offset]]), reading.signal)) {
    records.push(record);
    if (records.length === count) reading.abort();
  }
  return records;
}

const textsOf = (records: readonly LogRecord[]): string[] => records.map(({ value }) => Buffer.from(value).toString());

/** A reader meets a partition that was not there when it began. */
async function startGrowing(
  admin: Admin,
  reader: PartLogReader,
  address: string,
): Promise<{ readonly found: Promise<string> }> {
  const reading = new AbortController();
  const found = (async (): Promise<string> => {
    for await (const { partition, value } of reader.read('growing', new Map([[0, 0n]]), reading.signal)) {
      if (partition === 0) continue;
      reading.abort();
      return Buffer.from(value).toString();
    }
    return 'nothing';
  })();
  await sleep(1500);
  await admin.createPartitions({ topics: [{ name: 'growing', count: 2, assignments: [{ brokerIds: [1] }] }] });
  const producer = new Producer({ clientId: 'check', bootstrapBrokers: [address] });
  const placed = { topic: 'growing', partition: 1, value: Buffer.from('in the new partition') };
  await producer.send({ messages: [placed], acks: ProduceAcks.ALL });
  await producer.close();
  return { found };
}

async function writesOnceThroughLostAnswers(address: string, reader: PartLogReader): Promise<void> {
  const lossy = new LossyKafka(address, (answerIndex) => answerIndex % 3 === 1);
  const writer = openKafkaPartLogWriter(options([await lossy.listen()]));
  const wanted = Array.from({ length: 24 }, (_, index) => `message ${index}`);
  for (const text of wanted) await writer.append('lossy', message(text));
  await writer.close();
  lossy.close();
  assert.ok(lossy.lostCount >= 8, `${lossy.lostCount} answers were lost`);
  const there = (await reader.describe('lossy'))!.partitions.get(0)!;
  assert.equal(there.next, 24n);
  const records = await taken(reader, 'lossy', 24);
  assert.deepEqual(textsOf(records), wanted);
  assert.deepEqual([records[3]!.key, records[3]!.headers, records[3]!.offset], ['k', { ce_id: 'zoë' }, 3n]);
  assert.deepEqual(textsOf(await taken(reader, 'lossy', 2, 7n)), ['message 7', 'message 8']);
}

async function readsLargeMessages(address: string, reader: PartLogReader): Promise<void> {
  const writer = openKafkaPartLogWriter(options([address]));
  const count = 12;
  for (let index = 0; index < count; index++) {
    await writer.append('large', message(new Uint8Array(partMessageBytesMax).fill(index)));
  }
  await writer.close();
  const records = await taken(reader, 'large', count);
  for (const [index, { offset, value }] of records.entries()) {
    assert.equal(offset, BigInt(index));
    assert.equal(value.length, partMessageBytesMax);
    assert.ok(value.every((byte) => byte === index));
  }
}

async function leavesOutAborted(address: string, reader: PartLogReader): Promise<void> {
  const transactionalId = 'check';
  const producer = new Producer({ clientId: 'check', bootstrapBrokers: [address], idempotent: true, transactionalId });
  const inTransaction = async (text: string, end: 'commit' | 'abort'): Promise<void> => {
    const transaction = await producer.beginTransaction();
    await transaction.send({ messages: [{ topic: 'transactions', value: Buffer.from(text) }] });
    await transaction[end]();
  };
  await inTransaction('kept 1', 'commit');
  await inTransaction('taken back 1', 'abort');
  await inTransaction('kept 2', 'commit');
  await inTransaction('taken back 2', 'abort');
  await producer.close();
  const writer = openKafkaPartLogWriter(options([address]));
  await writer.append('transactions', message('last'));
  await writer.close();
  assert.deepEqual(textsOf(await taken(reader, 'transactions', 3)), ['kept 1', 'kept 2', 'last']);
}

async function refusesWhatIsNotThere(admin: Admin, address: string, reader: PartLogReader): Promise<void> {
  await assert.rejects(taken(reader, 'lossy', 1, 1000n), ConfigurationError);
  assert.equal(await reader.describe('no-such-topic'), null);
  const again = taken(reader, 'large', 100);
  await sleep(500);
  await admin.deleteTopics({ topics: ['large'] });
  await sleep(500);
  await admin.createTopics({ topics: ['large'], partitions: 1, replicas: 1 });
  await assert.rejects(again, ConfigurationError);
  const nowhere = options(['127.0.0.1:1']);
  await assert.rejects(openKafkaPartLogWriter(nowhere).append('lossy', message('a')), TemporaryError);
  await assert.rejects(openKafkaPartLogReader(nowhere, 'check').describe('lossy'), TemporaryError);
  const unnamed = openKafkaPartLogWriter(options([address]));
  await assert.rejects(unnamed.append('not a name', message('a')), TemporaryError);
  await unnamed.close();
}
