import { type BreakingPoint, breakingPoints } from '#core/costs/breaking-points.ts';
import type { Burst, BurstReport } from '#core/costs/burst.ts';
import { deployed } from '#core/costs/deployed.ts';
import { simulateBurst } from '#core/costs/simulate-burst.ts';
import { cubeCountPerSeason, type Workload } from '#core/costs/workload.ts';
import { ConfigurationError } from '#core/errors.ts';
import { type CommandCall, numberOption } from '../command.ts';

export interface BurstReports {
  readonly burst: Burst;
  readonly runs: readonly { readonly name: string; readonly report: BurstReport }[];
  readonly breakingPoints: readonly BreakingPoint[];
}

const winterWeekCount = 26;
/** Ten times a hundred thousand cubes keep the simulation within a minute. */
const cubeCountMax = 400_000;

/** @throws ConfigurationError naming the option. */
export function burstOf(call: CommandCall, workload: Workload): Burst {
  const above0 = Number.MIN_VALUE;
  const captureHours = numberOption(call, 'burst-hours', { min: 1, max: 1000 }) ?? 36;
  const outageHours = numberOption(call, 'outage-hours', { min: 0, max: 1000 }) ?? 6;
  return {
    farmCount: workload.farmCount,
    nodeCount:
      numberOption(call, 'nodes', { min: 1, max: 1e6, isInteger: true }) ?? Math.min(3 * workload.farmCount, 1e6),
    cubeGb: workload.cubeGb,
    cubeCount: cubeCountPerSeason(workload),
    captureHours,
    linkMbitPerS: numberOption(call, 'link-mbit', { min: above0, max: 1e6 }) ?? 50,
    vcpusMax: numberOption(call, 'vcpus-max', { min: 2, max: 1e6, isInteger: true }) ?? deployed.vcpusMax,
    vcpuSecondsPerGb: workload.vcpuSecondsPerGb,
    spotInterruptionsPerHour: workload.spotInterruptionsPerHour,
    outageHours,
    outageStartHour: captureHours / 2,
    seed: numberOption(call, 'seed', { min: 0, max: 2 ** 31, isInteger: true }) ?? 1,
  };
}

/** The harvest, the same with an outage, ten and a hundred times as large, and a winter of one cube a week. */
export function burstReports(burst: Burst): BurstReports {
  if (burst.cubeCount > cubeCountMax)
    throw new ConfigurationError(
      `Expected at most ${cubeCountMax} cubes in one simulated burst, got ${burst.cubeCount} (--tb-per-season, --cube-gb).`,
    );
  const calm = { ...burst, outageHours: 0 };
  const times = (factor: number): Burst => ({
    ...calm,
    cubeCount: burst.cubeCount * factor,
    nodeCount: burst.nodeCount * factor,
  });
  const harvest = simulateBurst(calm);
  const runs = [{ name: 'harvest', report: harvest }];
  if (burst.outageHours > 0) runs.push({ name: `with ${burst.outageHours} h outage`, report: simulateBurst(burst) });
  for (const factor of [10, 100]) {
    if (burst.cubeCount * factor > cubeCountMax) continue;
    runs.push({ name: `${factor} times`, report: simulateBurst(times(factor)) });
  }
  const winter = { ...calm, farmCount: 1, nodeCount: 1, cubeCount: winterWeekCount };
  runs.push({ name: 'winter', report: simulateBurst({ ...winter, captureHours: winterWeekCount * 7 * 24 }) });
  return { burst, runs, breakingPoints: breakingPoints(calm, harvest) };
}
