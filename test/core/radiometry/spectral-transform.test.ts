import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FormatError } from '#core/errors.ts';
import {
  type BandSet,
  centredTransform,
  resamplingTransform,
  type SpectralTransform,
  transformSpectra,
} from '#core/radiometry/spectral-transform.ts';

type Numbers = readonly (number | null)[];
interface Expected {
  readonly source: { readonly wavelength_nm: Numbers; readonly fwhm_nm: Numbers };
  readonly target: { readonly wavelength_nm: Numbers; readonly fwhm_nm: Numbers };
  readonly weights: Numbers;
  readonly packed: readonly number[];
  readonly resampled: Numbers;
  readonly vectors: Numbers;
  readonly mean: Numbers;
  readonly components: Numbers;
}
const fixture = new URL('../../fixtures/spectral-transform/expected.json', import.meta.url);
const expected = JSON.parse(readFileSync(fixture, 'utf8')) as Expected;
const pixelCount = 7;
const packed = Int16Array.from(expected.packed);

const floats = (values: Numbers): Float64Array => Float64Array.from(values, (value) => value ?? Number.NaN);
const bandSet = ({ wavelength_nm, fwhm_nm }: Expected['source']): BandSet => ({
  wavelengthNm: floats(wavelength_nm),
  fwhmNm: floats(fwhm_nm),
});
const source = bandSet(expected.source);
const target = bandSet(expected.target);
const allGood = new Uint8Array(source.fwhmNm.length).fill(1);

function transformed(transform: SpectralTransform): Float32Array {
  const out = new Float32Array(transform.outputCount * pixelCount).fill(77);
  transformSpectra(transform, packed, pixelCount, out);
  return out;
}

function expectNear(got: ArrayLike<number>, wanted: Numbers, tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  for (const [at, value] of wanted.entries()) {
    if (value === null) expect(got[at], `at ${at}`).toBeNaN();
    else expect(Math.abs(got[at]! - value), `at ${at}`).toBeLessThanOrEqual(tolerance);
  }
}

describe('resamplingTransform', () => {
  it('has the weights of Spectral Python', () => {
    expectNear(resamplingTransform(source, target, allGood).matrix, expected.weights, 1e-14);
  });

  it('gives the spectra of numpy, and NaN where a band that counts is missing or none overlaps', () => {
    const out = transformed(resamplingTransform(source, target, allGood));
    expectNear(out, expected.resampled, 6e-8);
    expect(out.subarray(8 * pixelCount).every(Number.isNaN)).toBe(true);
  });

  it('takes no weight from bad bands and spreads it over the good ones', () => {
    const goodBands = allGood.map((_, band) => (band === 26 ? 0 : 1));
    const { matrix, bandCount } = resamplingTransform(source, target, goodBands);
    const weights = Array.from(matrix.subarray(2 * bandCount, 3 * bandCount));
    expect(expected.weights[2 * bandCount + 26]).toBeGreaterThan(0.1);
    expect(weights[26]).toBe(0);
    expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 12);
  });

  it('refuses bands without a width', () => {
    const noWidth = { ...target, fwhmNm: target.fwhmNm.map((width, band) => (band === 3 ? 0 : width)) };
    expect(() => resamplingTransform(source, noWidth, allGood)).toThrow(FormatError);
    expect(() => resamplingTransform({ ...source, fwhmNm: new Float64Array(2).fill(1) }, target, allGood)).toThrow(
      /61 bands, got 2 widths/,
    );
  });
});

describe('centredTransform', () => {
  it('gives the components of numpy', () => {
    const transform = centredTransform(floats(expected.vectors), floats(expected.mean));
    expect(transform.outputCount).toBe(5);
    expectNear(transformed(transform), expected.components, 2e-7);
  });

  it('refuses a matrix that is no whole number of rows', () => {
    expect(() => centredTransform(new Float64Array(62), floats(expected.mean))).toThrow(/whole rows of 61 bands/);
  });
});
