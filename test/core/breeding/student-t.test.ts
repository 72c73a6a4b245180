import { describe, expect, it } from 'vitest';
import { incompleteBeta, studentTCdf, studentTQuantile } from '#core/breeding/student-t.ts';
import { readTable } from '../../fixtures/breeding/read-csv.ts';

const expected = readTable(new URL('../../fixtures/breeding/student-t.expected.csv', import.meta.url)).map((row) => ({
  t: Number(row['t']),
  df: Number(row['df']),
  p: Number(row['p']),
}));

describe("Student's t distribution", () => {
  it('agrees with pt() of R in both tails and near zero', () => {
    expect(expected).toHaveLength(80);
    for (const { t, df, p } of expected) {
      const got = studentTCdf(t, df);
      expect(Math.abs(got - p), `t ${t}, df ${df}`).toBeLessThan(2e-12);
      if (p > 1e-200) expect(Math.abs(got / p - 1), `t ${t}, df ${df}`).toBeLessThan(2e-9);
    }
  });

  it('is Cauchy with one degree of freedom: 1/2 + atan(t)/pi', () => {
    for (const t of [-1000, -1, -0.01, 0, 0.5, 30])
      expect(studentTCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 13);
  });

  it('has limits 0 and 1', () => {
    expect([studentTCdf(Number.NEGATIVE_INFINITY, 3), studentTCdf(Number.POSITIVE_INFINITY, 3)]).toEqual([0, 1]);
    expect(studentTCdf(Number.NaN, 3)).toBeNaN();
  });

  it('gives quantiles of the printed tables', () => {
    // Abramowitz and Stegun, table 26.10 (three decimals).
    expect(studentTQuantile(0.975, 1)).toBeCloseTo(12.706, 3);
    expect(studentTQuantile(0.975, 10)).toBeCloseTo(2.228, 3);
    expect(studentTQuantile(0.95, 30)).toBeCloseTo(1.697, 3);
    expect(studentTQuantile(0.05, 30)).toBeCloseTo(-1.697, 3);
    expect(studentTQuantile(0.5, 30)).toBe(0);
  });

  it('returns from a quantile to its probability', () => {
    for (const p of [1e-6, 0.2, 0.7, 0.9999]) {
      for (const df of [1, 6, 200]) expect(studentTCdf(studentTQuantile(p, df), df)).toBeCloseTo(p, 12);
    }
  });
});

describe('the incomplete beta function', () => {
  it('is a polynomial for whole arguments: I_x(2, 3) = x^2 (6 - 8 x + 3 x^2)', () => {
    for (const x of [0, 0.1, 0.4, 0.77, 1])
      expect(incompleteBeta(x, 2, 3)).toBeCloseTo(x * x * (6 - 8 * x + 3 * x * x), 13);
  });
});
