import type { Consumer } from '@platformatic/kafka';
import { invariant } from '#core/errors.ts';
import type { LogRecord } from '#core/ports/part-log.ts';

export type FetchAnswer = Awaited<ReturnType<Consumer['fetch']>>;
type FetchedPartition = FetchAnswer['responses'][number]['partitions'][number];
type Batch = NonNullable<FetchedPartition['records']>[number];

const errorNone = 0;
const [transactionalBit, controlBit] = [0x10, 0x20];

/**
 * What one answer brings of the messages from `next` on, which moves on with them: batches are given whole, also where only
 * their ends were asked for, and with messages of transactions that were aborted, which the reader has to leave out.
 *
 * @param next Partition -> the offset that is wanted next.
 * @source Apache Kafka, KIP-98, "Reading transactional messages"
 */
export function* recordsOf(answer: FetchAnswer, next: Map<number, bigint>): Generator<LogRecord> {
  for (const partition of answer.responses.flatMap(({ partitions }) => partitions)) {
    const { partitionIndex, errorCode, records } = partition;
    // The library throws an answer with an error away, with all that is in it.
    invariant(errorCode === errorNone, `Expected an answer without errors, got ${errorCode}.`);
    const wanted = next.get(partitionIndex) ?? 0n;
    const isAborted = abortedBatches(partition);
    for (const batch of records ?? []) {
      const isLeftOut = isAborted(batch) || (batch.attributes & controlBit) !== 0;
      for (const record of isLeftOut ? [] : batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta);
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
      const end = endOf(batch);
      if (end > (next.get(partitionIndex) ?? 0n)) next.set(partitionIndex, end);
    }
  }
}

/** To be asked about one batch after the other. */
function abortedBatches({ abortedTransactions }: FetchedPartition): (batch: Batch) => boolean {
  const waiting = [...(abortedTransactions ?? [])].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const producers = new Set<bigint>();
  return (batch) => {
    while (waiting.length > 0 && waiting[0]!.firstOffset < endOf(batch)) producers.add(waiting.shift()!.producerId);
    // A control batch ends the transaction of its producer.
    if ((batch.attributes & controlBit) !== 0) producers.delete(batch.producerId);
    return (batch.attributes & transactionalBit) !== 0 && producers.has(batch.producerId);
  };
}

function endOf({ firstOffset, lastOffsetDelta }: Batch): bigint {
  return firstOffset + BigInt(lastOffsetDelta) + 1n;
}

function headersOf(headers: readonly (readonly [Buffer | null, Buffer | null])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [text(name) ?? '', text(value) ?? '']));
}

function text(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('utf8');
}
