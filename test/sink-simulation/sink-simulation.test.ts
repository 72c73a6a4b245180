// Sinks of others lose or double rows where a process dies between two steps, where an old one wakes up, where offsets and rows
// are committed apart. Here real sinks, settlements and maintenance meet all of it; a seed repeats its run call by call:
//   node test/sink-simulation/run-seeds.ts SEED 1
import { expect, it } from 'vitest';
import { type SinkRun, simulateSink } from './simulate-sink.ts';

it('every part is in its table exactly once, or not where the cloud has made its granule', {
  timeout: 120_000,
}, async () => {
  const runs: SinkRun[] = [];
  for (let seed = 0; seed < 50; seed++) runs.push(await simulateSink(seed));
  const sum = (of: (run: SinkRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
  // Trouble enough.
  expect(sum(({ killCount }) => killCount)).toBeGreaterThan(100);
  expect(sum(({ fencedCount }) => fencedCount)).toBeGreaterThan(5);
  expect(sum(({ rollbackCount }) => rollbackCount)).toBeGreaterThan(0);
  expect(sum(({ repeatedCount }) => repeatedCount)).toBeGreaterThan(20);
  expect(sum(({ lateCount }) => lateCount)).toBeGreaterThan(20);
});

it('a seed repeats its run call by call', async () => {
  expect(await simulateSink(3)).toEqual(await simulateSink(3));
});
