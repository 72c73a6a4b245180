import { describe, expect, it } from 'vitest';
import { breakingPoints } from '#core/costs/breaking-points.ts';
import type { Burst } from '#core/costs/burst.ts';
import { deployed } from '#core/costs/deployed.ts';
import { settleSeconds } from '#core/costs/service-costs.ts';
import { simulateBurst } from '#core/costs/simulate-burst.ts';
import { manifestGranuleCountMax } from '#core/limits.ts';

const burst: Burst = {
  farmCount: 20,
  nodeCount: 60,
  cubeGb: 4,
  cubeCount: 500,
  captureHours: 12,
  linkMbitPerS: 50,
  vcpusMax: 256,
  vcpuSecondsPerGb: 13.1,
  spotInterruptionsPerHour: 0.05,
  outageHours: 0,
  outageStartHour: 6,
  seed: 1,
};
const flushSeconds = deployed.flushMinutes * 60;

describe('a simulated burst', () => {
  it('is the same again, and another with another seed', () => {
    expect(simulateBurst(burst)).toEqual(simulateBurst(burst));
    expect(simulateBurst({ ...burst, seed: 2 })).not.toEqual(simulateBurst(burst));
  });

  it('lets no cube wait longer for its job than until the next flush', () => {
    const { waitSeconds, manifestCount, cubeCount } = simulateBurst(burst);
    expect(waitSeconds.max).toBeLessThanOrEqual(flushSeconds);
    // 500 cubes in 12 h are 10 in 15 minutes, less than a full manifest: a flush each 15 minutes makes them all.
    expect(cubeCount / manifestCount).toBeGreaterThan(8);
    expect(cubeCount / manifestCount).toBeLessThan(12);
  });

  it('never runs more jobs than hosts, and is slower with fewer', () => {
    const few = simulateBurst({ ...burst, vcpusMax: 2 });
    expect(few.jobsAtOnceMax).toBe(1);
    // One after another, 500 jobs of 15 s and at least 0.9 * 26.2 s.
    expect(few.lastCommitHour * 3600).toBeGreaterThan(500 * (15 + 0.9 * 26.2));
    expect(few.lastCommitHour).toBeGreaterThan(simulateBurst({ ...burst, vcpusMax: 4 }).lastCommitHour - 1e-9);
  });

  it('is held back by the settler when manifests end faster than it commits', () => {
    const crowd = simulateBurst({ ...burst, cubeCount: 20_000, nodeCount: 20_000, captureHours: 1, vcpusMax: 10_000 });
    expect(crowd.settlerBusyShare).toBeGreaterThan(0.9);
    expect(crowd.settlerQueueMax).toBeGreaterThan(10);
    expect(crowd.granulesPerManifest.max).toBeLessThanOrEqual(manifestGranuleCountMax);
    // Its time is at least that of settling all of them, however they are packed.
    expect(crowd.lastCommitHour * 3600).toBeGreaterThan(settleSeconds(20_000));
  });

  it('loses nothing in an outage of six hours, and is done with what waited soon after', () => {
    const { recoveryHours, waitSeconds, lastCommitHour } = simulateBurst({ ...burst, outageHours: 6 });
    expect(waitSeconds.max).toBeGreaterThan(5 * 3600);
    expect(waitSeconds.max).toBeLessThan(6 * 3600 + flushSeconds);
    // 250 cubes of 60 nodes: five uploads of up to 14 minutes one after another, a flush, a host and a settlement.
    expect(recoveryHours).toBeGreaterThan(0.5);
    expect(recoveryHours).toBeLessThan(2);
    expect(lastCommitHour).toBeGreaterThan(12);
  });

  it('brings the one cube of a winter week into the tables within a flush, a boot and a job', () => {
    const winter = simulateBurst({ ...burst, farmCount: 1, nodeCount: 1, cubeCount: 10, captureHours: 10 * 7 * 24 });
    expect(winter.manifestCount).toBe(10);
    expect(winter.granulesPerManifest.max).toBe(1);
    expect(winter.commitSeconds.max).toBeLessThan(flushSeconds + 180 + 60 + 10);
  });

  it('counts an upload once: parts of all cubes, spread over the minutes, at the link of a node', () => {
    const one = simulateBurst({ ...burst, farmCount: 1, nodeCount: 1, cubeCount: 1, captureHours: 1 });
    // 4 GB at 50 Mbit/s take 640 to 832 s for 2 + 477 requests.
    expect(one.peaks.rawPutPerFarm).toBeGreaterThan(479 / 832 - 1e-9);
    expect(one.peaks.rawPutPerFarm).toBeLessThan(479 / 640 + 1e-9);
  });
});

describe('what breaks first', () => {
  const points = breakingPoints(burst, simulateBurst(burst));

  it('is in order, each at limit over load', () => {
    const factors = points.map(({ factor }) => factor);
    expect(factors).toEqual(factors.toSorted((left, right) => left - right));
    for (const { value, load, factor } of points) expect(factor).toBe(value / load);
  });

  it('is for the settler where the simulation runs into it', () => {
    const { factor } = points.find(({ limit }) => limit.startsWith('the settler'))!;
    const grown = (times: number): Burst => ({
      ...burst,
      cubeCount: Math.round(burst.cubeCount * times),
      nodeCount: Math.round(burst.nodeCount * times),
      vcpusMax: 10_000,
    });
    expect(simulateBurst(grown(factor * 0.7)).settlerBusyShare).toBeLessThan(0.9);
    expect(simulateBurst(grown(factor * 1.4)).settlerBusyShare).toBeGreaterThan(0.95);
  });
});
