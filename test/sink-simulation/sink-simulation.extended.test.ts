import { it } from 'vitest';
import { simulateSink } from './simulate-sink.ts';

it('four hundred more seeds lose and double nothing', async () => {
  for (let seed = 1000; seed < 1400; seed++) await simulateSink(seed);
});
