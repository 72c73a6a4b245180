import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, ListOffsetTimestamps } from '@platformatic/kafka';
import { ConfigurationError } from '#core/errors.ts';
import type { LogRecord, LogTopic, PartLogReader } from '#core/ports/part-log.ts';
import { type FetchAnswer, recordsOf } from './fetched-records.ts';
import { clientOptions, type KafkaOptions } from './kafka-connection.ts';
import { hasErrorId, isUnknownTopic, kafkaError } from './kafka-errors.ts';

/** Of the answers of all leaders together, and of one partition; a single larger message comes all the same. */
const [answersBytesMax, partitionBytesMax] = [16 << 20, 4 << 20];
const answerWaitMs = 500;
const readCommitted = 1;
/** New partitions and new leaders are noticed after this. */
const metadataAgeMs = 30_000;
const retryWaitMs = 1000;

/** Before that many failures in a row, some two minutes, nobody hears of them: brokers are restarted. */
const failuresInRowMax = 60;
/** What no later attempt will change: rights, and messages that are gone. */
const lastingErrors = ['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'];

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
    let topicId: string | null = null;
    let failuresInRow = 0;
    while (!signal.aborted) {
      const { answers, failures, id } = await this.#round(topic, next, failuresInRow > 0);
      topicId ??= id;
      if ((id !== null && id !== topicId) || failures.some((each) => hasErrorId(each, ['OFFSET_OUT_OF_RANGE'])))
        throw outOfRange(topic);
      failuresInRow = failures.length === 0 ? 0 : failuresInRow + 1;
      const lasting = failures.find((each) => hasErrorId(each, lastingErrors));
      if (lasting !== undefined)
        throw new ConfigurationError(`Expected the right to read topic ${topic}, got none. Ask for it.`, { topic });
      if (failuresInRow > failuresInRowMax) throw kafkaError(failures[0], `give messages of topic ${topic}`);
      for (const answer of answers)
        for (const record of recordsOf(answer, next)) {
          yield record;
          if (signal.aborted) return;
        }
      if (failures.length > 0) await sleep(retryWaitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Asks every leader once. */
  async #round(topic: string, next: ReadonlyMap<number, bigint>, forceUpdate: boolean): Promise<Round> {
    const known = await this.#topic(topic, forceUpdate).catch((error: unknown) => ({ error }));
    if (known === null || 'error' in known) {
      const failure = known === null ? new Error('no such topic') : known.error;
      return { answers: [], failures: [failure], id: null };
    }
    const leaders = [...partitionsByLeader(known)];
    const maxBytes = Math.ceil(answersBytesMax / leaders.length);
    const asked = leaders.map(([node, partitions]) => this.#fetch({ node, maxBytes }, known.id, partitions, next));
    const settled = await Promise.allSettled(asked);
    return {
      answers: settled.filter((each) => each.status === 'fulfilled').map(({ value }) => value),
      failures: [
        ...settled.filter((each) => each.status === 'rejected').map(({ reason }) => reason as unknown),
        ...(asked.length === 0 ? [new Error('no partition has a leader')] : []),
      ],
      id: known.id,
    };
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
    bounds: { readonly node: number; readonly maxBytes: number },
    topicId: string,
    partitions: readonly number[],
    next: ReadonlyMap<number, bigint>,
  ): Promise<FetchAnswer> {
    return this.#consumer.fetch({
      ...bounds,
      minBytes: 1,
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

interface Round {
  readonly answers: readonly FetchAnswer[];
  readonly failures: readonly unknown[];
  /** Null when it is not known. */
  readonly id: string | null;
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

function outOfRange(topic: string): ConfigurationError {
  return new ConfigurationError(
    `Expected the offsets that were asked for in topic ${topic}, got others: its messages were deleted, or it was made again.`,
    { topic },
  );
}
