import type { LogMessage, LogRecord, PartLogReader, PartLogWriter } from '#core/ports/part-log.ts';
import type { SimulatedProcess, SimulatedWorld } from '../properties/simulated-world.ts';

export const topicName = 'parts';
const partitionCount = 2;

/** What a broker has: messages by partition, and where its retention has come to. */
export class MemoryLog {
  readonly partitions: LogMessage[][] = Array.from({ length: partitionCount }, () => []);

  append(message: LogMessage): void {
    this.partitions[message.key.length % partitionCount]!.push(message);
  }

  /** As one process sees it. */
  reader({ call, clock }: SimulatedProcess): PartLogReader {
    const { partitions } = this;
    return {
      describe: () =>
        call('describe log', async () => ({
          topicId: 'one',
          partitions: new Map(partitions.map((all, at) => [at, { first: 0n, next: BigInt(all.length) }])),
        })),
      async *read(_, from, signal) {
        const next = new Map(from);
        while (!signal.aborted) {
          const records: LogRecord[] = [];
          for (const [partition, all] of partitions.entries()) {
            const start = Number(next.get(partition) ?? 0n);
            for (const [at, { key, headers, value }] of all.slice(start, start + 3).entries())
              records.push({ partition, offset: BigInt(start + at), key, headers, value: Buffer.from(value) });
          }
          if (records.length === 0) await clock.sleepMs(300);
          for (const record of records) {
            yield record;
            next.set(record.partition, record.offset + 1n);
          }
        }
      },
      remember: () => call('remember offsets', async () => {}),
      close: async () => {},
    };
  }

  /** Nothing that is sent here is dead. */
  static readonly noDeadLetters: PartLogWriter = {
    append: () => Promise.reject(new Error('no part here is dead')),
    close: async () => {},
  };
}

/** Time of one process: others have their turns while it waits. */
export function stopwatchOf(world: SimulatedWorld, { clock }: SimulatedProcess) {
  return { elapsedMs: () => world.nowMs, sleepMs: (durationMs: number) => clock.sleepMs(durationMs) };
}
