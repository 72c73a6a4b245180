import { describe, expect, it } from 'vitest';
import { TemporaryError } from '#core/errors.ts';
import { cellsPart } from '../../../sink-simulation/small-parts.ts';
import { idleMs, smallSink } from './small-sink.ts';

const backMs = 60_000;

describe('a sink that ends when nothing comes', () => {
  it('does not take a log that does not answer, or holds more than it has sent, for an end', async () => {
    const { time, run, stateOf } = smallSink();
    let silenceCount = 0;
    const { key, headers, value } = cellsPart('c1', 0, 3).message;
    let hasEnded = false;
    // The log is away from the sink's start on, then there, with a message that a slow fetch brings later still.
    const running = run({
      describe: async () => {
        const isThere = time.elapsedMs() === 0 || time.elapsedMs() >= backMs;
        if (!isThere) silenceCount++;
        if (!isThere) throw new TemporaryError('Expected Kafka to answer, got no connection.');
        return { topicId: 'one', partitions: new Map([[0, { first: 0n, next: time.elapsedMs() === 0 ? 0n : 1n }]]) };
      },
      async *read(_, __, signal) {
        await time.sleepMs(backMs + 2 * idleMs);
        yield { partition: 0, offset: 0n, key, headers, value: Buffer.from(value) };
        while (!signal.aborted) await time.sleepMs(300);
      },
    }).then(() => {
      hasEnded = true;
    });
    await time.runUntil(backMs + idleMs);
    expect([hasEnded, silenceCount > 5]).toEqual([false, true]);
    await time.runUntil(backMs + 6 * idleMs);
    await running;
    expect(await stateOf('silver')).toMatchObject({ next: [1n], rows: '3' });
  });
});
