import { packedScale, unusableBits } from '../radiometry/quality.ts';
import type { IndexDefinition } from './index-definitions.ts';

/**
 * An index for every pixel of a tile.
 *
 * @param bands Position of the band of each operand.
 * @param packed Packed reflectance, shape [bands, pixels].
 * @param quality Quality bits, shape [bands, pixels]: a pixel with an unusable bit in a used band has no value.
 * @param out Index values, shape [pixels]; NaN where there is none.
 */
export function evaluateIndex(
  definition: IndexDefinition,
  bands: readonly number[],
  packed: Int16Array,
  quality: Uint8Array,
  pixelCount: number,
  out: Float64Array,
): void {
  const { formula } = definition;
  const a = bands[0]! * pixelCount;
  const b = bands[1]! * pixelCount;
  const c = (bands[2] ?? bands[1])! * pixelCount;
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const bits = quality[a + pixel]! | quality[b + pixel]! | quality[c + pixel]!;
    out[pixel] =
      (bits & unusableBits) === 0
        ? formula(packed[a + pixel]! * packedScale, packed[b + pixel]! * packedScale, packed[c + pixel]! * packedScale)
        : Number.NaN;
  }
}
