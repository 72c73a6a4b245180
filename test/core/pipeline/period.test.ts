import { describe, expect, it } from 'vitest';
import { periodName, periodsOf } from '#core/pipeline/period.ts';
import { poolPlots } from '#core/pipeline/pool-plots.ts';

describe('periodsOf', () => {
  // Mondays by GNU date: `date -d 2026-07-01 +%u` is 3.
  it.each([
    ['2026-07-01', ['day-2026-07-01', 'week-2026-06-29', 'month-2026-07-01']],
    ['2026-12-31', ['day-2026-12-31', 'week-2026-12-28', 'month-2026-12-01']],
    ['1969-12-31', ['day-1969-12-31', 'week-1969-12-29', 'month-1969-12-01']],
    ['2024-02-29', ['day-2024-02-29', 'week-2024-02-26', 'month-2024-02-01']],
  ])('puts %s into its day, its week from Monday and its month', (date, expected) => {
    expect(periodsOf(date).map(periodName)).toEqual(expected);
  });

  it('ends a month where the next begins', () => {
    const [, , month] = periodsOf('2026-12-31');
    expect(month!.endDay - month!.startDay).toBe(31);
  });
});

describe('poolPlots', () => {
  it('gives mean and deviation of all pixels together', () => {
    // numpy: a = [1, 2, 3, 4], b = [10, 12]; np.mean(a + b) = 5.3333, np.std(a + b, ddof=1) = 4.5460605656619517
    const pooled = poolPlots([
      { plotId: 'a', cubeId: 'c', validCount: 4, mean: 2.5, sd: 1.2909944487358056 },
      { plotId: 'b', cubeId: 'c', validCount: 2, mean: 11, sd: Math.SQRT2 },
    ]);
    expect(pooled.mean).toBeCloseTo(16 / 3, 12);
    expect(pooled.sd).toBeCloseTo(4.5460605656619517, 10);
    expect(pooled).toMatchObject({ plotCount: 2, cubeCount: 1, validCount: 6, plotMeanMin: 2.5, plotMeanMax: 11 });
  });
});
