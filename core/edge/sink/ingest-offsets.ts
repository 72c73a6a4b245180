import { z } from 'zod';
import { ingestOffsetsKey } from '#schemas/edge-messages.ts';
import { ConfigurationError, FormatError } from '../../errors.ts';
import { parseJson } from '../../pipeline/ledger.ts';
import type { LogTopic } from '../../ports/part-log.ts';

/** Table property that says the same as the summary of the newest commit of a group, and outlives rollback and expiry. */
export const offsetsProperty = (group: string): string => `${ingestOffsetsKey}.${group}`;

/** How far a table has taken a topic. */
export interface IngestOffsets {
  readonly topic: string;
  readonly topicId: string;
  /** Partition -> the first offset that is not in the table. */
  readonly next: ReadonlyMap<number, bigint>;
}

const recordSchema = z.object({
  topic: z.string(),
  topic_id: z.string(),
  next: z.record(z.string().regex(/^\d{1,6}$/), z.string().regex(/^\d{1,19}$/)),
});

/** The same offsets are the same text. */
export function formatOffsets({ topic, topicId, next }: IngestOffsets): string {
  const sorted = [...next].toSorted(([a], [b]) => a - b).map(([partition, offset]) => [partition, String(offset)]);
  return JSON.stringify({ topic, topic_id: topicId, next: Object.fromEntries(sorted) });
}

/** @throws FormatError for a text that a sink has not written. Disposition: quarantine. */
export function parseOffsets(text: string): IngestOffsets {
  const record = recordSchema.safeParse(parseJson(text));
  if (!record.success) throw new FormatError(`Expected offsets of a sink, got "${text.slice(0, 200)}".`);
  const { topic, topic_id: topicId, next } = record.data;
  return {
    topic,
    topicId,
    next: new Map(Object.entries(next).map(([partition, at]) => [Number(partition), BigInt(at)])),
  };
}

/** The farther of two in every partition. */
export function mergeOffsets(
  left: ReadonlyMap<number, bigint>,
  right: ReadonlyMap<number, bigint>,
): Map<number, bigint> {
  const merged = new Map(left);
  for (const [partition, offset] of right) {
    const other = merged.get(partition);
    if (other === undefined || offset > other) merged.set(partition, offset);
  }
  return merged;
}

export interface StartChoices {
  /** Go on at the first message there is, although others before it are gone. */
  readonly acceptsGap: boolean;
  /** Take a topic that was made again from its beginning. */
  readonly startsNewEpoch: boolean;
}

export interface Start {
  readonly from: ReadonlyMap<number, bigint>;
  /** Messages that nobody can read any more. */
  readonly lostCount: bigint;
  /** It is not where the table is: a person has accepted that. */
  readonly isLeap: boolean;
}

/**
 * Where to read a topic from, given how far a table is.
 * @throws ConfigurationError where messages are gone or the topic is another: a person has to say what to do. Disposition: stop.
 */
export function startOf(known: IngestOffsets | null, topic: string, found: LogTopic, choices: StartChoices): Start {
  if (known !== null && (known.topicId !== found.topicId || known.topic !== topic)) {
    if (!choices.startsNewEpoch) {
      throw new ConfigurationError(
        `Expected topic ${known.topic} with id ${known.topicId}, got ${topic} with id ${found.topicId}: it was made again, and what was not read of the old one is lost. Give --new-epoch to read the new one from its beginning.`,
        { topic },
      );
    }
    return { ...startOf(null, topic, found, choices), isLeap: true };
  }
  const from = new Map<number, bigint>();
  let lostCount = 0n;
  let isLeap = false;
  for (const [partition, { first, next }] of found.partitions) {
    const wanted = known?.next.get(partition) ?? (known === null ? first : 0n);
    const isCut = wanted > next;
    if ((wanted < first || isCut) && !choices.acceptsGap) {
      const got = isCut
        ? `an end at ${next}: messages that were read are gone`
        : `${first}: messages before it are gone`;
      throw new ConfigurationError(
        `Expected offset ${wanted} in partition ${partition} of ${topic}, got ${got}. Give --accept-gap to go on with what there is; backhaul brings the raw cubes of what is lost.`,
        { topic, partition },
      );
    }
    if (wanted < first) lostCount += first - wanted;
    if (wanted < first || isCut) isLeap = true;
    from.set(partition, isCut ? next : wanted < first ? first : wanted);
  }
  return { from, lostCount, isLeap };
}

/**
 * Where a table stands that may be ahead of the start, in a log that may end before it.
 * @param ahead Its offsets in the same topic.
 */
export function aheadOf(start: Start, ahead: ReadonlyMap<number, bigint>, found: LogTopic): Map<number, bigint> {
  const next = mergeOffsets(start.from, ahead);
  for (const [partition, log] of found.partitions)
    if (next.get(partition)! > log.next) next.set(partition, start.from.get(partition)!);
  return next;
}
