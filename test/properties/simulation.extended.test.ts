// 2000 seeds, more than `npm test` has time for.
import { it } from 'vitest';
import { expectSoundSeeds } from './sound-seeds.ts';

it('two thousand seeds lose nothing and publish nothing twice', { timeout: 1_200_000 }, async () => {
  await expectSoundSeeds(Array.from({ length: 2000 }, (_, seed) => seed));
});
