import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalsOf, distinctDecimals } from '#core/breeding/decision-reason.ts';

describe('a probability beside its bound', () => {
  it('gets as many decimals as it takes to see which is larger', () => {
    expect(distinctDecimals(0.8996, 0.9)).toEqual(['0.8996', '0.90']);
    expect(distinctDecimals(0.43, 0.9)).toEqual(['0.43', '0.90']);
    expect(distinctDecimals(0.9, 0.9)).toEqual(['0.90', '0.90']);
    expect(distinctDecimals(0.9985, 0.999)).toEqual(['0.9985', '0.999']);
  });

  it('is never written as certain', () => {
    expect(distinctDecimals(0.99999, 0.9)).toEqual(['above 0.99', '0.90']);
    expect(distinctDecimals(0.00001, 0.9)).toEqual(['below 0.01', '0.90']);
    expect(distinctDecimals(0.9999, 0.999)).toEqual(['above 0.999', '0.999']);
  });

  it('stands on the same side of the bound in print as in fact', () => {
    const share = fc.double({ min: 0.001, max: 0.998, noNaN: true });
    fc.assert(
      fc.property(share, fc.integer({ min: 1, max: 99 }), (probability, percent) => {
        const bound = percent / 100;
        const printed = Number(distinctDecimals(probability, bound)[0].replace(/above |below /, ''));
        if (probability > bound) expect(printed).toBeGreaterThanOrEqual(bound);
        if (probability < bound) expect(printed).toBeLessThanOrEqual(bound);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('decimals of a value', () => {
  it('show two digits of its standard error', () => {
    expect([0.18, 0.018, 1.8, 18, 180, null].map(decimalsOf)).toEqual([2, 3, 1, 0, 0, 2]);
  });
});
