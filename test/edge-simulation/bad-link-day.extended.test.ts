import { it } from 'vitest';
import { simulateDay } from './simulate-day.ts';

it('a thousand days on a bad link lose nothing, in order and within their bounds', async () => {
  for (let seed = 1000; seed < 2000; seed++) await simulateDay(seed);
});
