import { it } from 'vitest';
import { simulateSink } from './simulate-sink.ts';

it('a thousand more seeds lose and double nothing', async () => {
  for (let seed = 1000; seed < 2000; seed++) await simulateSink(seed);
});
