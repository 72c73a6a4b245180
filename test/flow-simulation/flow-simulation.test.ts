// The real functions, catalog and committer in a simulated region: events late, doubled, lost; answers lost; functions and
// hosts killed at any call; people who correct, repeat and delete. A seed repeats its run call by call:
//   node test/flow-simulation/run-seeds.ts SEED 1
import { expect, it } from 'vitest';
import { keptSeeds } from '../properties/kept-seeds.ts';
import { simulateFlow } from './simulate-flow.ts';
import { expectSoundFlows } from './sound-flows.ts';

it('flows that once showed a fault show none', { timeout: 120_000 }, async () => {
  const seeds = keptSeeds(import.meta.dirname);
  expect(seeds.length).toBeGreaterThan(0);
  await expectSoundFlows(seeds);
});

it('a flow in trouble loses nothing, doubles nothing and comes to rest', { timeout: 240_000 }, async () => {
  await expectSoundFlows(Array.from({ length: 40 }, (_, seed) => 100_000 + seed));
});

it('a seed repeats its flow call by call', async () => {
  expect(await simulateFlow(5)).toEqual(await simulateFlow(5));
});
