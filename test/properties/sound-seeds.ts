import { expect } from 'vitest';
import { type SimulationReport, simulate } from './simulation.ts';

/** Runs seeds one after the other; the first that fails is named, and all together must have met every kind of step. */
export async function expectSoundSeeds(seeds: readonly number[]): Promise<void> {
  const reports: SimulationReport[] = [];
  for (const seed of seeds) {
    try {
      reports.push(await simulate(seed));
    } catch (error) {
      throw new Error(`Seed ${seed} broke an invariant. Add it to test/properties/seeds.txt.`, { cause: error });
    }
  }
  if (seeds.length < 50) return;
  const sum = (of: (report: SimulationReport) => number) => reports.reduce((total, each) => total + of(each), 0);
  expect(sum((each) => each.acknowledgedCount)).toBeGreaterThan(5 * seeds.length);
  expect(sum((each) => each.refusedCount)).toBeGreaterThan(0);
  expect(sum((each) => each.killCount)).toBeGreaterThan(seeds.length / 2);
  const kinds = new Set(reports.flatMap((each) => [...each.kinds.keys()]));
  expect(kinds.size).toBe(14);
}
