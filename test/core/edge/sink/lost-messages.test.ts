import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import type { LogMessage, PartLogReader } from '#core/ports/part-log.ts';
import { cellsPart, plotsPart } from '../../../sink-simulation/small-parts.ts';
import { idleMs, smallSink } from './small-sink.ts';

/** A topic of one partition that holds these messages, the first of them at an offset. */
interface Topic {
  readonly id?: string;
  readonly first?: number;
  readonly messages: readonly LogMessage[];
}

const cells = (row: number): LogMessage => cellsPart('c1', 10 * row, 1).message;
const plots = (name: string): LogMessage => plotsPart('c1', name, 0.5).message;

function field() {
  const { time, run, stateOf } = smallSink();
  const logOf = ({ id = 'one', first = 0, messages }: Topic): Pick<PartLogReader, 'describe' | 'read'> => ({
    describe: async () => {
      const partition = { first: BigInt(first), next: BigInt(first + messages.length) };
      return { topicId: id, partitions: new Map([[0, partition]]) };
    },
    async *read(_, from, signal) {
      for (const [at, { key, headers, value }] of messages.entries()) {
        const offset = BigInt(first + at);
        if (offset >= from.get(0)!) yield { partition: 0, offset, key, headers, value: Buffer.from(value) };
      }
      while (!signal.aborted) await time.sleepMs(300);
    },
  });
  return {
    stateOf,
    async sink(topic: Topic, choices: Parameters<typeof run>[1] = {}): Promise<void> {
      const running = run(logOf(topic), choices);
      running.catch(() => undefined);
      await time.runUntil(time.elapsedMs() + 4 * idleMs);
      await running;
    },
  };
}

describe('messages that nobody has read and that are gone', () => {
  it('stop a sink until a person accepts it, once, and the tables keep how many', async () => {
    const { sink, stateOf } = field();
    await sink({ messages: [cells(0), plots('p0')] });
    const cut: Topic = { first: 7, messages: [] };
    await expect(sink(cut)).rejects.toThrow(ConfigurationError);
    await sink(cut, { acceptsGap: true });
    expect(await stateOf('silver')).toEqual({ topicId: 'one', next: [7n], lost: '5', rows: '1' });
    expect(await stateOf('gold')).toMatchObject({ next: [7n], lost: '5' });
    await sink({ first: 7, messages: [cells(1), plots('p1')] });
    expect(await stateOf('silver')).toEqual({ topicId: 'one', next: [9n], lost: undefined, rows: '2' });
    expect(await stateOf('gold')).toMatchObject({ next: [9n], rows: '2' });
  });

  it('do not keep gold from what comes at their offsets, where the end of a log was lost', async () => {
    const { sink, stateOf } = field();
    await sink({ messages: [cells(0), plots('p0'), cells(1), plots('p1')] });
    const shorter: Topic = { messages: [cells(0)] };
    await expect(sink(shorter)).rejects.toThrow('messages that were read are gone');
    await sink(shorter, { acceptsGap: true });
    expect([(await stateOf('silver')).next, (await stateOf('gold')).next]).toEqual([[1n], [1n]]);
    await sink({ messages: [cells(0), plots('p2'), cells(2)] });
    expect(await stateOf('gold')).toMatchObject({ next: [3n], rows: '3' });
    expect(await stateOf('silver')).toMatchObject({ next: [3n], rows: '3' });
  });

  it('of a topic that was made again are chosen once as well', async () => {
    const { sink, stateOf } = field();
    await sink({ messages: [cells(0), plots('p0')] });
    const again: Topic = { id: 'two', messages: [] };
    await expect(sink(again)).rejects.toThrow('--new-epoch');
    await sink(again, { startsNewEpoch: true });
    expect([await stateOf('silver'), await stateOf('gold')]).toMatchObject([
      { topicId: 'two', next: [0n] },
      { topicId: 'two', next: [0n] },
    ]);
    await sink({ id: 'two', messages: [plots('p1'), cells(0), cells(1)] });
    expect(await stateOf('gold')).toMatchObject({ next: [3n], rows: '2' });
    expect(await stateOf('silver')).toMatchObject({ next: [3n], rows: '2' });
  });
});
