import { it } from 'vitest';
import { expectSoundFlows } from './sound-flows.ts';

it('a thousand flows in trouble lose nothing, double nothing and come to rest', { timeout: 1_200_000 }, async () => {
  await expectSoundFlows(Array.from({ length: 1000 }, (_, seed) => seed));
});
