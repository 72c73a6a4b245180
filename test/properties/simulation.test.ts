// The histories that broke tables of other writers were made of several writers, lost answers and maintenance at once. Here
// real publishing, catalog and maintenance meet all of them; a seed repeats its run call by call:
//   node test/properties/run-seeds.ts SEED 1
import { expect, it } from 'vitest';
import { keptSeeds } from './kept-seeds.ts';
import { simulate } from './simulation.ts';
import { expectSoundSeeds } from './sound-seeds.ts';

it('seeds that once showed a fault show none', { timeout: 120_000 }, async () => {
  const seeds = keptSeeds(import.meta.dirname);
  expect(seeds.length).toBeGreaterThan(0);
  await expectSoundSeeds(seeds);
});

it('writers that fail, die and maintain lose nothing and publish nothing twice', { timeout: 240_000 }, async () => {
  await expectSoundSeeds(Array.from({ length: 100 }, (_, seed) => 100_000 + seed));
});

it('a seed repeats its run call by call', async () => {
  expect(await simulate(3)).toEqual(await simulate(3));
});
