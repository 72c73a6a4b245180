import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plotPercentileValueCountMax } from '#core/limits.ts';
import { PlotAccumulator } from '#core/plots/plot-statistics.ts';

describe('PlotAccumulator', () => {
  it('gives what numpy gives', () => {
    // numpy 2.4.6: v = np.array([0.31, 0.42, 0.18, 0.77, 0.55, 0.6, -0.05]);
    // v.mean(), v.std(ddof=1), np.percentile(v, [10, 50, 90])
    const accumulator = new PlotAccumulator();
    for (const value of [0.31, 0.42, 0.18, 0.77, 0.55, 0.6, -0.05]) accumulator.add(value);
    const { validCount, mean, sd, p10, p50, p90 } = accumulator.statistics();
    expect(validCount).toBe(7);
    expect(mean).toBeCloseTo(0.3971428571428571, 12);
    expect(sd).toBeCloseTo(0.2765088477013762, 12);
    expect([p10, p50, p90].map((value) => Number(value!.toFixed(12)))).toEqual([0.088, 0.42, 0.668]);
  });

  it('says null for what no value or one value cannot tell', () => {
    expect(new PlotAccumulator().statistics()).toMatchObject({ validCount: 0, mean: null, sd: null, p50: null });
    const one = new PlotAccumulator();
    one.add(0);
    expect(one.statistics()).toMatchObject({ validCount: 1, mean: 0, sd: null, p50: 0 });
  });

  it('keeps percentiles near the truth when there are more pixels than it keeps', () => {
    const accumulator = new PlotAccumulator();
    const count = plotPercentileValueCountMax * 5;
    for (let index = 0; index < count; index++) accumulator.add(((index * 7919) % count) / count);
    const { p10, p50, p90, mean, validCount } = accumulator.statistics();
    expect(validCount).toBe(count);
    expect(mean).toBeCloseTo(0.5, 5);
    expect(p10).toBeCloseTo(0.1, 2);
    expect(p50).toBeCloseTo(0.5, 2);
    expect(p90).toBeCloseTo(0.9, 2);
  });

  it('has a mean and a deviation that do not depend on a large offset', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 50 }), (values) => {
        const [plain, shifted] = [new PlotAccumulator(), new PlotAccumulator()];
        for (const value of values) {
          plain.add(value);
          shifted.add(value + 1e9);
        }
        expect(shifted.statistics().sd).toBeCloseTo(plain.statistics().sd!, 5);
        expect(shifted.statistics().mean! - 1e9).toBeCloseTo(plain.statistics().mean!, 5);
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});
