import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gpu, openGpu } from '#adapters/gpu/open-gpu.ts';
import { packedFill } from '#core/radiometry/quality.ts';
import { type SpectralTransform, transformSpectra } from '#core/radiometry/spectral-transform.ts';

interface Case {
  readonly transform: SpectralTransform;
  readonly packed: Int16Array;
  readonly pixelCount: number;
}

/** Weights that float32 has not count with its least one: no matter beside any reflectance. */
const weightFloor = 1e-30;

const weight = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 0, 1e-40, -1) },
);
const value = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: -32_767, max: 32_767 }) },
  { weight: 1, arbitrary: fc.constant(packedFill) },
);

const randomCase: fc.Arbitrary<Case> = fc
  .record({
    bandCount: fc.integer({ min: 1, max: 70 }),
    outputCount: fc.integer({ min: 1, max: 19 }),
    pixelCount: fc.integer({ min: 1, max: 150 }),
  })
  .chain(({ bandCount, outputCount, pixelCount }) => {
    const list = <Item>(item: fc.Arbitrary<Item>, length: number) =>
      fc.array(item, { minLength: length, maxLength: length });
    return fc
      .record({
        matrix: list(weight, outputCount * bandCount),
        bias: list(
          fc.oneof({ weight: 9, arbitrary: weight }, { weight: 1, arbitrary: fc.constant(Number.NaN) }),
          outputCount,
        ),
        packed: list(value, bandCount * pixelCount),
      })
      .map(({ matrix, bias, packed }) => ({
        transform: { bandCount, outputCount, matrix: Float64Array.from(matrix), bias: Float64Array.from(bias) },
        packed: Int16Array.from(packed),
        pixelCount,
      }));
  });

describe.each([Number.POSITIVE_INFINITY, 6000])(
  'the transform of the GPU with %d bytes per binding',
  (bindingBytesMax) => {
    let gpu: Gpu;
    beforeAll(async () => {
      gpu = await openGpu({ bindingBytesMax });
    });
    afterAll(() => gpu.close());

    it('is within 1e-5 of what the CPU adds, and has no value where the CPU has none', async () => {
      await fc.assert(
        fc.asyncProperty(randomCase, async ({ transform, packed, pixelCount }) => {
          const [onGpu, onCpu, magnitudes] = [0, 1, 2].map(() =>
            new Float32Array(transform.outputCount * pixelCount).fill(77),
          );
          const opened = await gpu.openTransform(transform);
          // The smaller tile first: later ones may be larger than the buffers that it made.
          if (pixelCount > 3) await opened.apply(packed, 3, new Float32Array(transform.outputCount * 3));
          await opened.apply(packed, pixelCount, onGpu!);
          opened.close();
          transformSpectra(transform, packed, pixelCount, onCpu!);
          const absolute = { ...transform, matrix: transform.matrix.map(Math.abs), bias: transform.bias.map(Math.abs) };
          const withoutSign = packed.map((stored) => (stored === packedFill ? stored : Math.abs(stored)));
          transformSpectra(absolute, withoutSign, pixelCount, magnitudes!);
          const far = Array.from(onCpu!, (wanted, at) => {
            const got = onGpu![at]!;
            if (Number.isNaN(wanted)) return !Number.isNaN(got);
            return !(Math.abs(got - wanted) <= 1e-5 * magnitudes![at]! + weightFloor);
          });
          expect(far.indexOf(true)).toBe(-1);
        }),
        { seed: 20_261_123, numRuns: 100 },
      );
    });
  },
);
