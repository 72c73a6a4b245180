import { FormatError } from '../errors.ts';
import { packedFill, packedPerUnit } from './quality.ts';

/**
 * An affine function of a pixel's spectrum: out = bias + matrix * reflectance. Resampling to the bands of another sensor,
 * principal components and noise fractions are all of this form.
 */
export interface SpectralTransform {
  readonly bandCount: number;
  readonly outputCount: number;
  /** Weights, shape [outputs, bands]. */
  readonly matrix: Float64Array;
  /** What each output starts from, shape [outputs]. */
  readonly bias: Float64Array;
}

/**
 * Components of a spectrum about a mean: out = matrix * (reflectance - mean), as principal components and noise fractions
 * are given.
 *
 * @param matrix Eigenvectors as rows, shape [outputs, bands].
 * @param mean Mean reflectance, shape [bands].
 * @throws FormatError when the shapes do not fit. Disposition: quarantine.
 */
export function centredTransform(matrix: Float64Array, mean: Float64Array): SpectralTransform {
  const bandCount = mean.length;
  const outputCount = matrix.length / bandCount;
  if (bandCount === 0 || outputCount === 0 || !Number.isInteger(outputCount)) {
    throw new FormatError(
      `Expected a matrix of whole rows of ${bandCount} bands, got ${matrix.length} numbers. Give one row per output.`,
    );
  }
  const bias = new Float64Array(outputCount);
  for (let output = 0; output < outputCount; output++) {
    for (let band = 0; band < bandCount; band++) bias[output]! -= matrix[output * bandCount + band]! * mean[band]!;
  }
  return { bandCount, outputCount, matrix, bias };
}

/**
 * Transforms the pixels of one tile on the CPU, in float64. A band of weight 0 does not count: where it has no value, the
 * output still has one.
 *
 * @param packed round(reflectance * 10 000), shape [bands, pixels]; -32768 = no value.
 * @param out Shape [outputs, pixels], float32; NaN where a band that counts has no value.
 */
export function transformSpectra(
  { bandCount, outputCount, matrix, bias }: SpectralTransform,
  packed: Int16Array,
  pixelCount: number,
  out: Float32Array,
): void {
  const sums = new Float64Array(pixelCount);
  for (let output = 0; output < outputCount; output++) {
    sums.fill(bias[output]!);
    for (let band = 0; band < bandCount; band++) {
      const weight = matrix[output * bandCount + band]! / packedPerUnit;
      if (weight !== 0) addBand(sums, packed, band * pixelCount, pixelCount, weight);
    }
    out.set(sums, output * pixelCount);
  }
}

function addBand(sums: Float64Array, packed: Int16Array, from: number, pixelCount: number, weight: number): void {
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const value = packed[from + pixel]!;
    sums[pixel]! += value === packedFill ? Number.NaN : value * weight;
  }
}
