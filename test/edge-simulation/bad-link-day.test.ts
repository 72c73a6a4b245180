import { describe, expect, it } from 'vitest';
import { type Day, type Mutation, simulateDay } from './simulate-day.ts';

describe('24 hours on a bad link', () => {
  it('lose nothing, in whatever trouble', { timeout: 120_000 }, async () => {
    const days: Day[] = [];
    for (let seed = 0; seed < 20; seed++) days.push(await simulateDay(seed));
    const sum = (of: (day: Day) => number): number => days.reduce((total, day) => total + of(day), 0);
    // Trouble enough: power failures, parts that are sent again, and spools that are full.
    expect(sum(({ bootCount }) => bootCount)).toBeGreaterThan(60);
    expect(sum(({ sentCount }) => sentCount)).toBeGreaterThan(1.02 * sum(({ partCount }) => partCount));
    expect(sum(({ stoppedCount }) => stoppedCount)).toBeGreaterThan(10);
  });

  const mutations: Mutation[] = [
    'acknowledges what the broker took',
    'sends the newest first',
    'forgets what it had sent',
    'ignores the cap',
  ];
  it.each(mutations)('do not go by for a machine that %s', { timeout: 120_000 }, async (mutation) => {
    const seeds = Array.from({ length: 5 }, (_, seed) => seed);
    const outcomes = await Promise.allSettled(seeds.map((seed) => simulateDay(seed, mutation)));
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });
});
