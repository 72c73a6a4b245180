import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CubeReader, Interleave, SampleArray } from '#core/cube/cube.ts';
import type { CalibratedTile } from '#core/ports/calibration-kernel.ts';
import { calibrateTile } from '#core/radiometry/calibrate-tile.ts';
import {
  type CalibrationCoefficients,
  coefficientsFromReferences,
  coefficientsFromScale,
} from '#core/radiometry/coefficients.ts';
import { packedFill, quality } from '#core/radiometry/quality.ts';
import { averageReference } from '#core/radiometry/reference-mean.ts';

// Made by numpy: test/fixtures/radiometry/flat_field.py
const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/radiometry/flat-field.expected.json', import.meta.url), 'utf8'),
);
const [lineCount, bandCount, sampleCount] = fixture.shape as [number, number, number];

/** [lines, bands, samples] numbers as a flat array in another interleave. */
function interleaved(cube: number[][][], interleave: Interleave): number[] {
  const [lines, bands, samples] = [cube.length, cube[0]!.length, cube[0]![0]!.length];
  const out: number[] = [];
  const at = (line: number, band: number, sample: number): number => cube[line]![band]![sample]!;
  if (interleave === 'bil') return cube.flat(2);
  if (interleave === 'bip') {
    for (let l = 0; l < lines; l++)
      for (let s = 0; s < samples; s++) for (let b = 0; b < bands; b++) out.push(at(l, b, s));
  } else {
    for (let b = 0; b < bands; b++)
      for (let l = 0; l < lines; l++) for (let s = 0; s < samples; s++) out.push(at(l, b, s));
  }
  return out;
}

function readerOf(cube: number[][][]): CubeReader {
  const [lines, bands, samples] = [cube.length, cube[0]!.length, cube[0]![0]!.length];
  return {
    header: { lineCount: lines, bandCount: bands, sampleCount: samples } as CubeReader['header'],
    async readLines({ lineStart, lineEnd }) {
      const data = Uint16Array.from(cube.slice(lineStart, lineEnd).flat(2));
      return { interleave: 'bil', lineCount: lineEnd - lineStart, bandCount: bands, sampleCount: samples, data };
    },
    readLocations: async () => null,
    async close() {},
  };
}

function tileOf(lines: number, bands: number, samples: number): CalibratedTile {
  const count = lines * bands * samples;
  return {
    packed: new Int16Array(count),
    quality: new Uint8Array(count),
    pixelQuality: new Uint8Array(lines * samples),
    bandQuality: new Uint8Array(bands),
  };
}

async function fixtureCoefficients(): Promise<CalibrationCoefficients> {
  return coefficientsFromReferences(
    {
      dark: await averageReference(readerOf(fixture.dark), 4095, 'dark'),
      white: await averageReference(readerOf(fixture.white), 4095, 'white'),
      whiteDark: await averageReference(readerOf(fixture.whiteDark), 4095, 'white dark'),
      panelReflectance: Float64Array.from(fixture.panel),
      integrationTimeRatio: fixture.cubeMs / fixture.whiteMs,
      goodBands: Uint8Array.of(1, 1, 0),
      saturationLevel: fixture.saturationLevel,
      fillValue: fixture.fillValue,
    },
    'fixture',
  );
}

describe('calibrateTile', () => {
  it.each(['bil', 'bip', 'bsq'] as const)('gives the reflectance that numpy gives, from %s', async (interleave) => {
    const out = tileOf(lineCount, bandCount, sampleCount);
    const data = Uint16Array.from(interleaved(fixture.counts, interleave));
    calibrateTile({ interleave, lineCount, bandCount, sampleCount, data }, await fixtureCoefficients(), out);
    for (let line = 0; line < lineCount; line++) {
      for (let band = 0; band < bandCount; band++) {
        for (let sample = 0; sample < sampleCount; sample++) {
          const at = (band * lineCount + line) * sampleCount + sample;
          const expected = fixture.reflectance[line][band][sample];
          if (expected === null) expect(out.packed[at]).toBe(packedFill);
          else expect(Math.abs(out.packed[at]! * 1e-4 - expected)).toBeLessThanOrEqual(0.5e-4 + 1e-7);
        }
      }
    }
  });

  it('sets the bit of each flaw and no other', async () => {
    const out = tileOf(lineCount, bandCount, sampleCount);
    const data = Uint16Array.from(interleaved(fixture.counts, 'bil'));
    calibrateTile({ interleave: 'bil', lineCount, bandCount, sampleCount, data }, await fixtureCoefficients(), out);
    const bits = (line: number, band: number, sample: number): number =>
      out.quality[(band * lineCount + line) * sampleCount + sample]! & ~quality.outOfRange;
    expect(bits(0, 0, 0)).toBe(quality.noData);
    expect(bits(1, 1, 1)).toBe(quality.saturated);
    expect(bits(2, 2, 0)).toBe(quality.badBand);
    expect(bits(2, 2, 3)).toBe(quality.badBand | quality.lowReference | quality.noData);
    expect(bits(2, 0, 1)).toBe(0);
    // Band 2 is bad: its flaws do not count in the pixel's quality.
    expect(out.pixelQuality[2 * sampleCount + 3]! & ~quality.outOfRange).toBe(0);
    expect(out.pixelQuality[0]! & quality.noData).toBe(quality.noData);
    expect(out.bandQuality[1]! & quality.saturated).toBe(quality.saturated);
  });

  it('keeps values outside 0..1 and marks them, and never clips', () => {
    const coefficients = coefficientsFromScale({
      bandCount: 1,
      sampleCount: 7,
      factor: 1,
      offset: 0,
      goodBands: Uint8Array.of(1),
      saturationLevel: null,
      fillValue: -9999,
    });
    const out = tileOf(1, 1, 7);
    const data: SampleArray = Float32Array.of(-0.25, 0, 1, 1.5, Number.NaN, 40, -9999);
    calibrateTile({ interleave: 'bsq', lineCount: 1, bandCount: 1, sampleCount: 7, data }, coefficients, out);
    expect([...out.packed]).toEqual([-2500, 0, 10_000, 15_000, packedFill, packedFill, packedFill]);
    const { noData, outOfRange } = quality;
    expect([...out.quality]).toEqual([outOfRange, 0, 0, outOfRange, noData, noData | outOfRange, noData]);
  });

  it('compares the fill value with stored numbers, before scale and offset', () => {
    const coefficients = coefficientsFromScale({
      bandCount: 1,
      sampleCount: 3,
      factor: 2e-4,
      offset: -0.1,
      goodBands: Uint8Array.of(1),
      saturationLevel: null,
      fillValue: 500,
    });
    const out = tileOf(1, 1, 3);
    const data = Int16Array.of(500, 1000, 0);
    calibrateTile({ interleave: 'bil', lineCount: 1, bandCount: 1, sampleCount: 3, data }, coefficients, out);
    expect([...out.packed]).toEqual([packedFill, 1000, -1000]);
  });

  it('refuses references of another width, naming both', async () => {
    const coefficients = await fixtureCoefficients();
    const data = new Uint16Array(2 * 3 * 5);
    expect(() =>
      calibrateTile(
        { interleave: 'bil', lineCount: 2, bandCount: 3, sampleCount: 5, data },
        coefficients,
        tileOf(2, 3, 5),
      ),
    ).toThrow(/3 bands x 4 samples.*3 x 5/);
  });
});

describe('averageReference', () => {
  it('gives the mean and deviation of numpy for each band and sample', async () => {
    const reference = await averageReference(readerOf(fixture.dark), null, 'dark');
    fixture.darkMean.flat().forEach((mean: number, at: number) => {
      expect(reference.mean[at]).toBeCloseTo(mean, 10);
      expect(reference.standardDeviation[at]).toBeCloseTo(fixture.darkSd.flat()[at], 10);
    });
  });

  it('refuses a reference with gaps: a fill value is no count', async () => {
    const reader = readerOf([[[100, 100]], [[100, 0]]]);
    const gapped = { ...reader, header: { ...reader.header, fillValue: 0 } };
    await expect(averageReference(gapped, null, 'dark')).rejects.toThrow(/its fill value 0 among the counts \(dark\)/);
  });

  it('tells the share of saturated lines', async () => {
    const reference = await averageReference(readerOf([[[1, 4095]], [[1, 4095]], [[1, 7]], [[1, 7]]]), 4095, 'white');
    expect([...reference.saturatedShare]).toEqual([0, 0.5]);
  });
});
