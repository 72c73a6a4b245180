import { expect } from 'vitest';
import { type FlowSimulationReport, simulateFlow } from './simulate-flow.ts';

/** Runs seeds one after the other; the first that fails is named, and all together must have met every kind of trouble. */
export async function expectSoundFlows(seeds: readonly number[]): Promise<void> {
  const reports: FlowSimulationReport[] = [];
  for (const seed of seeds) {
    try {
      reports.push(await simulateFlow(seed));
    } catch (error) {
      throw new Error(`Seed ${seed} broke an invariant. Add it to test/flow-simulation/seeds.txt.`, { cause: error });
    }
  }
  if (seeds.length < 40) return;
  const sum = (of: (report: FlowSimulationReport) => number) => reports.reduce((total, each) => total + of(each), 0);
  expect(sum((each) => each.completeCount)).toBeGreaterThan(seeds.length);
  expect(sum((each) => each.failedCount)).toBeGreaterThan(seeds.length / 4);
  expect(sum((each) => each.killCount)).toBeGreaterThan(seeds.length / 4);
  expect(sum((each) => each.reclaimCount)).toBeGreaterThan(0);
  expect(sum((each) => each.lostCount)).toBeGreaterThan(seeds.length / 8);
}
