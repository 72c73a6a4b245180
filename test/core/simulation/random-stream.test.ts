import { describe, expect, it } from 'vitest';
import { RandomStream } from '#core/simulation/random-stream.ts';
// Written by spectra.py: the same generator on Python's integers.
import expected from '../../fixtures/simulation/spectra.expected.json' with { type: 'json' };

describe('a random stream', () => {
  it('is sfc32 seeded by a hash', () => {
    const random = new RandomStream(7, 'plots');
    expect(expected.uniform.map(() => random.uniform())).toEqual(expected.uniform);
  });

  it('makes normal numbers by the polar method', () => {
    const values = new Float64Array(expected.gaussian.length);
    new RandomStream(7, 'plots').fillGaussian(values);
    for (const [position, value] of expected.gaussian.entries()) expect(values[position]).toBeCloseTo(value, 14);
  });

  it('goes on with uniform numbers where normal ones stopped', () => {
    // The first pair is accepted, so that one normal number uses up two uniform ones.
    const random = new RandomStream(7, 'plots');
    random.gaussian();
    expect(random.uniform()).toBe(expected.uniform[2]);
  });

  it('has mean 0, variance 1 and the tails of a normal distribution', () => {
    const values = new Float64Array(200_000);
    new RandomStream(1, 'moments').fillGaussian(values);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length;
    // Five standard errors: 1/sqrt(n), sqrt(2/n), sqrt(p(1-p)/n) with p = 0.0455.
    expect(Math.abs(mean)).toBeLessThan(0.0112);
    expect(Math.abs(variance - 1)).toBeLessThan(0.0158);
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.0024);
  });

  it('is another one for another seed and another name', () => {
    const first = [new RandomStream(1, 'a'), new RandomStream(1, 'b'), new RandomStream(2, 'a')].map((s) =>
      s.uniform(),
    );
    expect(new Set(first).size).toBe(3);
  });

  it('shuffles without losing anything', () => {
    const items = Array.from({ length: 50 }, (_, position) => position);
    const shuffled = new RandomStream(3, 'shuffle').shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  });
});
