// More seeds than `npm test` has time for.
import { it } from 'vitest';
import { expectSoundSeeds } from './sound-seeds.ts';

it('a thousand seeds lose nothing and publish nothing twice', { timeout: 1_200_000 }, async () => {
  await expectSoundSeeds(Array.from({ length: 1000 }, (_, seed) => seed));
});
