import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, ListOffsetTimestamps } from '@platformatic/kafka';
import { ConfigurationError } from '#core/errors.ts';
import type { LogRecord, LogTopic, PartLogReader } from '#core/ports/part-log.ts';
import { clientOptions, type KafkaOptions, kafkaError } from './kafka-connection.ts';

type FetchAnswer = Awaited<ReturnType<Consumer['fetch']>>;

/** Of one answer; a single larger message comes all the same. */
const [answerBytesMax, partitionBytesMax] = [16 << 20, 4 << 20];
const answerWaitMs = 500;
const readCommitted = 1;
/** New partitions and new leaders are noticed after this. */
const metadataAgeMs = 30_000;
const retryWaitMs = 1000;

const errorCodes = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopic: 3,
  notLeader: 6,
  fencedEpoch: 74,
  unknownTopicId: 100,
};
/** Leaders move, and a broker that has just started does not know its topics yet. */
const passingErrorCodes = new Set([
  errorCodes.unknownTopic,
  5,
  errorCodes.notLeader,
  9,
  errorCodes.fencedEpoch,
  75,
  errorCodes.unknownTopicId,
  103,
]);

/** @param group Names the reader in Kafka's own metrics of lag; it is never a member of it. */
export function openKafkaPartLogReader(options: KafkaOptions, group: string): PartLogReader {
  return new KafkaPartLogReader(options, group);
}

class KafkaPartLogReader implements PartLogReader {
  readonly #consumer: Consumer;

  constructor(options: KafkaOptions, group: string) {
    this.#consumer = new Consumer({ ...clientOptions(options), groupId: group, metadataMaxAge: metadataAgeMs });
  }

  async describe(topic: string): Promise<LogTopic | null> {
    const known = await this.#topic(topic, true);
    if (known === null) return null;
    try {
      const offsets = async (timestamp: bigint): Promise<bigint[]> =>
        (await this.#consumer.listOffsets({ topics: [topic], timestamp, isolationLevel: readCommitted })).get(topic) ??
        [];
      const first = await offsets(ListOffsetTimestamps.EARLIEST);
      const next = await offsets(ListOffsetTimestamps.LATEST);
      const partitions = known.partitions.map(
        (_, partition) => [partition, { first: first[partition] ?? 0n, next: next[partition] ?? 0n }] as const,
      );
      return { topicId: known.id, partitions: new Map(partitions) };
    } catch (error) {
      throw kafkaError(error, `tell the offsets of topic ${topic}`);
    }
  }

  async *read(topic: string, from: ReadonlyMap<number, bigint>, signal: AbortSignal): AsyncGenerator<LogRecord> {
    const next = new Map(from);
    while (!signal.aborted) {
      const known = await this.#topic(topic, false).catch(() => null);
      if (known === null) {
        await sleep(retryWaitMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const topics = partitionsByLeader(known);
      const answers = await Promise.allSettled(
        [...topics].map(([node, partitions]) => this.#fetch(node, known.id, partitions, next)),
      );
      const failures = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as unknown);
      if (failures.some(isOutOfRange)) throw outOfRange(topic);
      if (failures.length > 0) await sleep(retryWaitMs, undefined, { signal }).catch(() => undefined);
      for (const answer of answers) if (answer.status === 'fulfilled') yield* recordsOf(answer.value, next, topic);
    }
  }

  async remember(_group: string, topic: string, next: ReadonlyMap<number, bigint>): Promise<void> {
    const offsets = [...next].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: -1 }));
    // What a reader that is no member of the group says of itself: Kafka takes it while the group has no members.
    this.#consumer.generationId = -1;
    this.#consumer.memberId = '';
    await this.#consumer.commit({ offsets });
  }

  async close(): Promise<void> {
    await this.#consumer.close(true).catch(() => undefined);
  }

  async #topic(topic: string, forceUpdate: boolean) {
    try {
      const metadata = await this.#consumer.metadata({ topics: [topic], forceUpdate, autocreateTopics: false });
      return metadata.topics.get(topic) ?? null;
    } catch (error) {
      if (isUnknownTopic(error)) return null;
      throw kafkaError(error, `describe topic ${topic}`);
    }
  }

  #fetch(
    node: number,
    topicId: string,
    partitions: readonly number[],
    next: ReadonlyMap<number, bigint>,
  ): Promise<FetchAnswer> {
    return this.#consumer.fetch({
      node,
      minBytes: 1,
      maxBytes: answerBytesMax,
      maxWaitTime: answerWaitMs,
      isolationLevel: readCommitted,
      topics: [
        {
          topicId,
          partitions: partitions.map((partition) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: next.get(partition) ?? 0n,
            lastFetchedEpoch: -1,
            partitionMaxBytes: partitionBytesMax,
          })),
        },
      ],
    });
  }
}

function partitionsByLeader(topic: {
  readonly partitions: readonly { readonly leader: number }[];
}): Map<number, number[]> {
  const byLeader = new Map<number, number[]>();
  for (const [partition, { leader }] of topic.partitions.entries()) {
    if (leader >= 0) byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
  }
  return byLeader;
}

function* recordsOf(answer: FetchAnswer, next: Map<number, bigint>, topic: string): Generator<LogRecord> {
  for (const partition of answer.responses.flatMap(({ partitions }) => partitions)) {
    const { partitionIndex, errorCode, records } = partition;
    const wanted = next.get(partitionIndex) ?? 0n;
    if (errorCode === errorCodes.offsetOutOfRange) throw outOfRange(topic);
    if (errorCode !== errorCodes.none && !passingErrorCodes.has(errorCode))
      throw kafkaError(
        new Error(`error code ${errorCode}`),
        `give messages of partition ${partitionIndex} of ${topic}`,
      );
    for (const batch of records ?? []) {
      const isControl = (batch.attributes & 0x20) !== 0;
      for (const record of isControl ? [] : batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta);
        // A batch is given whole, also where only its end was asked for.
        if (offset < wanted) continue;
        yield {
          partition: partitionIndex,
          offset,
          key: text(record.key),
          headers: headersOf(record.headers),
          // A message without a value is no part: whoever reads it says so.
          value: record.value ?? new Uint8Array(0),
        };
      }
      const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
      if (end > (next.get(partitionIndex) ?? 0n)) next.set(partitionIndex, end);
    }
  }
}

function headersOf(headers: readonly (readonly [Buffer | null, Buffer | null])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [text(name) ?? '', text(value) ?? '']));
}

function text(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('utf8');
}

function outOfRange(topic: string): ConfigurationError {
  return new ConfigurationError(
    `Expected the offsets that were asked for in topic ${topic}, got others: its messages were deleted, or it was made again.`,
    { topic },
  );
}

function isOutOfRange(error: unknown): boolean {
  return idsOf(error).includes('OFFSET_OUT_OF_RANGE');
}

function isUnknownTopic(error: unknown): boolean {
  // The library finds out by itself where it asks about topics, and has no name for it.
  return String(error).includes('Unknown topic') || idsOf(error).some((id) => id.startsWith('UNKNOWN_TOPIC'));
}

/** Kafka's own names of what went wrong, out of errors in errors. */
function idsOf(error: unknown): string[] {
  const { apiId, errors, cause } = (error ?? {}) as { apiId?: string; errors?: unknown[]; cause?: unknown };
  const inner = [...(errors ?? []), ...(cause === undefined ? [] : [cause])];
  return [...(apiId === undefined ? [] : [apiId]), ...inner.flatMap(idsOf)];
}
