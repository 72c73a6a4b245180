import { describe, expect, it } from 'vitest';
import { quality } from '#core/radiometry/quality.ts';
import { evaluateIndex } from '#core/spectral-indices/evaluate-index.ts';
import { indexDefinitions } from '#core/spectral-indices/index-definitions.ts';
import { resolveIndex } from '#core/spectral-indices/resolve-index.ts';

function definition(name: string) {
  return indexDefinitions.find((candidate) => candidate.name === name)!;
}

describe('index formulas', () => {
  // A healthy leaf: R560 .12, R670 .04, R681.25 .045, R700 .10, R708.75 .18, R720 .30, R753.75 .45, R790 .48, R800 .5, R860 .52, R1240 .45
  it.each([
    // (.5 - .04) / (.5 + .04)
    ['ndvi', [0.5, 0.04], 0.8518518518518519],
    // (.52 - .45) / (.52 + .45): positive for a moist canopy
    ['ndwi_gao', [0.52, 0.45], 0.07216494845360824],
    // (.12 - .52) / (.12 + .52): negative for vegetation, positive for open water
    ['ndwi_mcfeeters', [0.12, 0.52], -0.625],
    // (.48 - .30) / (.48 + .30)
    ['ndre', [0.48, 0.3], 0.23076923076923078],
    // .5 / .1 - 1
    ['cire', [0.5, 0.1], 4],
    // (.45 - .18) / (.18 - .045)
    ['chlorophyll_mtci', [0.45, 0.18, 0.045], 2],
  ])('%s of %j is %d', (name, [a, b, c], expected) => {
    expect(definition(name).formula(a!, b!, c ?? b!)).toBeCloseTo(expected, 12);
  });

  it('has no value where the quotient is noise', () => {
    expect(definition('ndvi').formula(0.001, -0.001, 0)).toBeNaN();
    expect(definition('chlorophyll_mtci').formula(0.2, 0.15, 0.149)).toBeNaN();
  });
});

describe('resolveIndex', () => {
  const good = (count: number) => new Uint8Array(count).fill(1);

  it('records the bands really used and how far they are', () => {
    const resolved = resolveIndex(definition('ndvi'), Float64Array.of(550, 668.5, 673, 803), good(4));
    expect(resolved).toEqual({
      name: 'ndvi',
      bands: [3, 1],
      distanceNm: 3,
      bandsUsed: 'R800=803.0;R670=668.5',
      nullReason: null,
    });
  });

  it('is null with a reason where the sensor ends before the water band', () => {
    const resolved = resolveIndex(definition('ndwi_gao'), Float64Array.of(560, 670, 860, 1000), good(4));
    expect(resolved.bands).toBeNull();
    expect(resolved.nullReason).toBe('no good band within 10 nm of 1240 nm: the nearest good band is at 1000.0 nm');
  });

  it('does not use a bad band, nor another index in its place', () => {
    const resolved = resolveIndex(definition('ndvi'), Float64Array.of(670, 800), Uint8Array.of(1, 0));
    expect(resolved.nullReason).toMatch(/within 10 nm of 800 nm/);
    expect(resolveIndex(definition('ndvi'), null, good(0)).nullReason).toBe('the cube has no wavelengths');
  });
});

describe('evaluateIndex', () => {
  it('leaves out pixels whose used bands are unusable, and only those', () => {
    const packed = Int16Array.of(400, 400, 400, 400, 5000, 5000, 5000, 5000);
    const bits = Uint8Array.of(0, quality.saturated, 0, 0, 0, 0, quality.outOfRange, quality.noData);
    const out = new Float64Array(4);
    evaluateIndex(definition('ndvi'), [1, 0], packed, bits, 4, out);
    expect(out[0]).toBeCloseTo(0.46 / 0.54, 12);
    expect(out[1]).toBeNaN();
    expect(out[2]).toBeCloseTo(0.46 / 0.54, 12);
    expect(out[3]).toBeNaN();
  });
});
