import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { principalComponents } from '#core/edge/principal-components.ts';

interface Expected {
  readonly bands: number;
  readonly spectra: readonly number[];
  readonly mean: readonly number[];
  readonly vectors: readonly number[];
}

// From numpy's eigh: test/fixtures/edge/make_components.py.
const path = new URL('../../fixtures/edge/components.json', import.meta.url);
const expected = JSON.parse(readFileSync(path, 'utf8')) as Expected;

it('finds the directions that numpy finds, but for their sign', () => {
  const { bands } = expected;
  const found = principalComponents(Float32Array.from(expected.spectra), bands, 3);
  expect(found.componentCount).toBe(3);
  found.mean.forEach((value, band) => {
    expect(value).toBeCloseTo(expected.mean[band]!, 10);
  });
  for (let component = 0; component < 3; component++) {
    const ours = found.vectors.subarray(component * bands, (component + 1) * bands);
    const theirs = expected.vectors.slice(component * bands, (component + 1) * bands);
    const cosine = ours.reduce((sum, value, band) => sum + value * theirs[band]!, 0);
    expect(Math.abs(cosine)).toBeGreaterThan(1 - 1e-9);
  }
});

it('gives the same components again, and none that are nothing', () => {
  const flat = new Float32Array(40);
  const found = principalComponents(flat, 4, 2);
  expect([...found.vectors]).toEqual(new Array(8).fill(0));
  const once = principalComponents(Float32Array.from(expected.spectra), expected.bands, 5);
  const twice = principalComponents(Float32Array.from(expected.spectra), expected.bands, 5);
  expect(twice.vectors).toEqual(once.vectors);
});
