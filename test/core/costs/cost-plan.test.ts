import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planCosts } from '#core/costs/cost-plan.ts';
import { deployed } from '#core/costs/deployed.ts';
import { jobCosts } from '#core/costs/job-costs.ts';
import { measuredWork } from '#core/costs/measured-work.ts';
import { defaultPrices } from '#core/costs/price-list.ts';
import { standardUsd, storageMonths } from '#core/costs/storage-costs.ts';
import type { Workload } from '#core/costs/workload.ts';

const root = join(import.meta.dirname, '../../..');

interface Expected {
  readonly name: string;
  readonly workload: Workload;
  readonly tiered: readonly { readonly storageUsd: number; readonly transitionUsd: number }[];
  readonly standard: readonly { readonly storageUsd: number }[];
  readonly spotUsd: number;
  readonly onDemandUsd: number;
}

/** By test/fixtures/costs/expected_costs.py. */
const expected = JSON.parse(
  readFileSync(join(root, 'test/fixtures/costs/expected-costs.json'), 'utf8'),
) as readonly Expected[];

describe.each(expected)('costs of $name', ({ workload, tiered, standard, spotUsd, onDemandUsd }) => {
  it('are month by month those of an independent program, in tiers and all in Standard', () => {
    for (const [isTiered, months] of [[true, tiered] as const, [false, standard] as const]) {
      const ours = storageMonths(workload, defaultPrices, isTiered);
      expect(ours).toHaveLength(12 * workload.years);
      for (const [month, { storageUsd }] of months.entries())
        expect(ours[month]!.storageUsd / storageUsd).toBeCloseTo(1, 9);
    }
  });

  it('have every transition in the month in which it happens', () => {
    const ours = storageMonths(workload, defaultPrices, true);
    for (const [month, { transitionUsd }] of tiered.entries())
      expect(ours[month]!.transitionUsd).toBeCloseTo(transitionUsd, 9);
  });

  it('are for the jobs those of the independent program, with what interruptions repeat', () => {
    expect(jobCosts(workload, defaultPrices, true).usd / spotUsd).toBeCloseTo(1, 9);
    expect(jobCosts(workload, defaultPrices, false).usd / onDemandUsd).toBeCloseTo(1, 9);
  });

  it('add up: lines to the total, the total to cubes and terabytes', () => {
    const plan = planCosts(workload, defaultPrices);
    const sum = Object.values(plan.ours.lines).reduce((total, usd) => total + usd, 0);
    expect(plan.ours.usd).toBe(sum);
    expect(plan.perCubeUsd * plan.ours.jobs.cubeCount).toBeCloseTo(sum, 6);
    expect((plan.perTbUsd * plan.ours.jobs.cubeCount * workload.cubeGb) / 1000).toBeCloseTo(sum, 6);
    expect(plan.savedShare).toBeGreaterThan(0);
  });
});

describe('storage prices', () => {
  it('change at 50 and at 500 TB of 1024 GB', () => {
    expect(standardUsd(defaultPrices, 51_200)).toBeCloseTo(51_200 * 0.023, 9);
    expect(standardUsd(defaultPrices, 51_201) - standardUsd(defaultPrices, 51_200)).toBeCloseTo(0.022, 6);
    // 51 200 * 0.023 + 460 800 * 0.022 + 1000 * 0.021 = 1177.6 + 10137.6 + 21
    expect(standardUsd(defaultPrices, 513_000)).toBeCloseTo(11_336.2, 6);
  });
});

describe('services', () => {
  const [{ workload }] = expected as [Expected];

  it('cost in an idle month what stands there: 18 endpoints, a key, alarms, metrics, schedules and polls', () => {
    // 6 * 3 endpoints * 730 h * 0.01 = 131.40; metrics 0.3 each, 18 alarms * 0.1 + 1 dashboard * 3 = 4.80; key 1, and its
    // requests 2 * 12 * 730 * 0.03 / 10 000 = 0.05; polls 730 * 900 * (0.4 + 0.5) / 1e6 = 0.59; 65 * 730 calls of half a
    // second: 47 450 * 0.2 / 1e6 + 23 725 * 0.0000133334 = 0.326; their logs 47 450 * 1500 / 1e9 * 0.5 = 0.036.
    expect(planCosts(workload, defaultPrices).idleMonthUsd).toBeCloseTo(
      131.4 + 0.3 * deployed.metricCount + 4.8 + 1.0526 + 0.5913 + 0.3258 + 0.0356,
      2,
    );
  });

  it('cost the more per cube the smaller the cubes are, because requests come by the cube', () => {
    const small = planCosts({ ...workload, cubeGb: 0.1 }, defaultPrices);
    const large = planCosts({ ...workload, cubeGb: 10 }, defaultPrices);
    expect(small.ours.lines['S3 requests']).toBeGreaterThan(1.2 * large.ours.lines['S3 requests']);
    expect(small.ours.lines.Lambda).toBeGreaterThan(large.ours.lines.Lambda);
  });
});

describe('measured work', () => {
  it('is what the bench and the README have', () => {
    const bench = JSON.parse(readFileSync(join(root, 'bench/results/main-job.json'), 'utf8')) as {
      input: { megabytes: number };
      job: { medianSeconds: number };
    };
    const gb = bench.input.megabytes / 1000;
    expect(measuredWork.vcpuSecondsPerGb / ((bench.job.medianSeconds * 2) / gb)).toBeCloseTo(1, 1);
    const [, bronze, silver] = /bronze and silver, MB \| (\d+) \+ (\d+)/.exec(
      readFileSync(join(root, 'README.md'), 'utf8'),
    )!;
    expect(measuredWork.bronzeRatio).toBeCloseTo(Number(bronze) / bench.input.megabytes, 1);
    expect(measuredWork.silverRatio).toBeCloseTo(Number(silver) / bench.input.megabytes, 1);
  });
});
