import { describe, expect, it } from 'vitest';
import { CalibrationError, MissingFactError } from '#core/errors.ts';
import { coefficientsFromReferences, type ReferenceInputs } from '#core/radiometry/coefficients.ts';
import { panelReflectanceAt } from '#core/radiometry/panel.ts';
import { quality } from '#core/radiometry/quality.ts';
import type { ReferenceMean } from '#core/radiometry/reference-mean.ts';

function reference(mean: number[], sd = 1, saturatedShare = 0): ReferenceMean {
  return {
    bandCount: 1,
    sampleCount: mean.length,
    lineCount: 10,
    mean: Float64Array.from(mean),
    standardDeviation: new Float64Array(mean.length).fill(sd),
    saturatedShare: new Float64Array(mean.length).fill(saturatedShare),
  };
}

function inputs(changes: Partial<ReferenceInputs> = {}): ReferenceInputs {
  const dark = reference([100, 100, 100]);
  return {
    dark,
    whiteDark: dark,
    white: reference([2100, 104, 100]),
    panelReflectance: Float64Array.of(1),
    integrationTimeRatio: 1,
    goodBands: Uint8Array.of(1),
    saturationLevel: null,
    fillValue: null,
    ...changes,
  };
}

describe('coefficientsFromReferences', () => {
  it('trusts a quotient only where white stands out of the noise of the dark', () => {
    const { gain, columnQuality } = coefficientsFromReferences(inputs(), 'here');
    expect(gain[0]).toBe(5);
    expect([...columnQuality]).toEqual([0, quality.lowReference, quality.lowReference]);
    expect(gain[2]).toBeNaN();
  });

  it('does not trust a white reference that is saturated', () => {
    const { columnQuality } = coefficientsFromReferences(
      inputs({ white: reference([4095, 4095, 4095], 0, 1) }),
      'here',
    );
    expect([...columnQuality]).toEqual(new Array(3).fill(quality.lowReference));
  });

  it('scales by integration times: a cube exposed twice as long is half as bright', () => {
    // 1000 counts over the dark at 20 ms are 500 at 10 ms; white has 2000 at 10 ms: 0.25.
    const { gain, offset } = coefficientsFromReferences(inputs({ integrationTimeRatio: 2 }), 'here');
    expect((1100 - offset[0]!) * gain[0]!).toBeCloseTo(2500, 6);
  });

  it('refuses references that are exchanged, and references of another width', () => {
    const exchanged = inputs({ white: reference([10, 10, 10]) });
    expect(() => coefficientsFromReferences(exchanged, 'here')).toThrow(/white counts above dark counts/);
    expect(() => coefficientsFromReferences(inputs({ white: reference([1]) }), 'here')).toThrow(
      /1 bands x 3 samples, got 1 x 1/,
    );
  });
});

describe('panelReflectanceAt', () => {
  const curve = { wavelength_nm: [800, 400, 600], reflectance: [0.9, 0.98, 0.96] };

  it('interpolates the certificate linearly, whatever its order', () => {
    // numpy.interp([400, 500, 700, 810], [400, 600, 800], [.98, .96, .9]) = [.98, .97, .93, .9]
    const panel = panelReflectanceAt(curve, Float64Array.of(400, 500, 700, 810), 4, 'here');
    expect([...panel].map((value) => Number(value.toFixed(12)))).toEqual([0.98, 0.97, 0.93, 0.9]);
  });

  it('takes one number for all bands', () => {
    expect([...panelReflectanceAt(0.5, null, 2, 'here')]).toEqual([0.5, 0.5]);
  });

  it('refuses a band beyond the curve, a curve without wavelengths of the cube, and a curve of unequal lengths', () => {
    expect(() => panelReflectanceAt(curve, Float64Array.of(1000), 1, 'here')).toThrow(CalibrationError);
    expect(() => panelReflectanceAt(curve, null, 1, 'here')).toThrow(MissingFactError);
    const unequal = { wavelength_nm: [1, 2], reflectance: [1] };
    expect(() => panelReflectanceAt(unequal, Float64Array.of(1), 1, 'here')).toThrow(/as many panel reflectances/);
  });
});
