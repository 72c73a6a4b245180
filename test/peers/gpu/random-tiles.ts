import fc from 'fast-check';
import type { CubeWindow, Interleave, SampleArray } from '#core/cube/cube.ts';
import type { CalibratedTile } from '#core/ports/calibration-kernel.ts';
import type { CalibrationCoefficients } from '#core/radiometry/coefficients.ts';

export interface RandomTile {
  readonly window: CubeWindow;
  readonly coefficients: CalibrationCoefficients;
}

const arrayTypes = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array] as const;
const oddFloats = [0, -0, Number.NaN, Infinity, -Infinity, 2 ** -149, -(2 ** -126), 3.4e38, 0.5, 1 / 3, 65_535];

const float32 = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: -70_000, max: 70_000, noNaN: true }) },
  { weight: 2, arbitrary: fc.float() },
  { weight: 1, arbitrary: fc.constantFrom(...oddFloats) },
);
/** Simple fractions, so that results lie on and beside halves, and any others. */
const gain = fc.oneof(
  fc.constantFrom(0.5, 0.25, 1.5, -0.5, 2 ** -17, 2 ** -30, 0.1, 1 / 3, 3, 0),
  fc.float({ min: -4, max: 4, noNaN: true }),
  float32,
);
const offset = fc.oneof(
  fc.integer({ min: -2000, max: 4000 }),
  fc.constantFrom(0.5, 2 ** -20, 2 ** -40, 1e-30),
  float32,
);

/** Tiles of all interleaves and types, sizes that are no multiple of anything, with fill, dead and saturated values. */
export const randomTile: fc.Arbitrary<RandomTile> = fc
  .record({
    interleave: fc.constantFrom<Interleave>('bsq', 'bil', 'bip'),
    lineCount: fc.integer({ min: 1, max: 9 }),
    bandCount: fc.integer({ min: 1, max: 11 }),
    sampleCount: fc.integer({ min: 1, max: 37 }),
    arrayType: fc.constantFrom(...arrayTypes),
  })
  .chain((shape) => {
    const { lineCount, bandCount, sampleCount, arrayType } = shape;
    const valueCount = lineCount * bandCount * sampleCount;
    const columnCount = bandCount * sampleCount;
    const isFloat = arrayType === Float32Array;
    const stored = isFloat
      ? float32
      : fc.oneof(fc.integer({ min: -300, max: 5000 }), fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }));
    const list = <Value>(arbitrary: fc.Arbitrary<Value>, length: number) =>
      fc.array(arbitrary, { minLength: length, maxLength: length });
    return fc
      .record({
        stored: list(stored, valueCount),
        offset: list(offset, columnCount),
        gain: list(gain, columnCount),
        columnQuality: list(fc.constantFrom(0, 0, 0, 0, 4, 8, 12), columnCount),
        goodBands: list(fc.constantFrom(1, 1, 1, 0), bandCount),
        fillValue: fc.oneof(fc.constantFrom(Number.NaN, 0, -1, 255, 0.5, 70_000), stored),
        saturationLevel: fc.oneof(fc.constantFrom(Infinity, -5, 0, 254.5, 4095, 1e12, 0.1), stored),
      })
      .map((facts) => tileOf(shape, facts));
  });

function tileOf(
  shape: Omit<CubeWindow, 'data'> & { readonly arrayType: (typeof arrayTypes)[number] },
  facts: {
    readonly stored: number[];
    readonly offset: number[];
    readonly gain: number[];
    readonly columnQuality: number[];
    readonly goodBands: number[];
    readonly fillValue: number;
    readonly saturationLevel: number;
  },
): RandomTile {
  const { interleave, lineCount, bandCount, sampleCount, arrayType } = shape;
  return {
    window: { interleave, lineCount, bandCount, sampleCount, data: arrayType.from(facts.stored) as SampleArray },
    coefficients: {
      bandCount,
      sampleCount,
      offset: Float32Array.from(facts.offset),
      gain: Float32Array.from(facts.gain),
      columnQuality: Uint8Array.from(facts.columnQuality),
      goodBands: Uint8Array.from(facts.goodBands),
      plainBands: new Uint8Array(bandCount),
      saturationLevel: facts.saturationLevel,
      fillValue: facts.fillValue,
    },
  };
}

/** Planes that hold other values before: nothing old may stay. */
export function usedPlanes({ lineCount, bandCount, sampleCount }: Omit<CubeWindow, 'data'>): CalibratedTile {
  const pixelCount = lineCount * sampleCount;
  return {
    packed: new Int16Array(bandCount * pixelCount).fill(77),
    quality: new Uint8Array(bandCount * pixelCount).fill(77),
    pixelQuality: new Uint8Array(pixelCount).fill(77),
    bandQuality: new Uint8Array(bandCount).fill(77),
  };
}
