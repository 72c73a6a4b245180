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

/** Bands of a sensor. */
export interface BandSet {
  /** Centres in nanometres, ascending or not, shape [bands]. */
  readonly wavelengthNm: Float64Array;
  /** Full widths at half maximum in nanometres, above 0, shape [bands]. */
  readonly fwhmNm: Float64Array;
}

/** Standard deviation of a Gaussian per full width at half maximum. */
const deviationPerFwhm = 1 / (2 * Math.sqrt(2 * Math.log(2)));

/**
 * Weights that turn spectra of one sensor into those of another: each target band has a Gaussian response, of which the part
 * within its full width at half maximum counts; a source band is taken as constant over its own width. A source band's
 * weight is the response over the overlap of both widths, and the weights of a target band add up to 1.
 *
 * @param goodBands 1 = may be used, shape [source bands].
 * @returns A transform from source to target bands; where no good source band overlaps a target band, its output is NaN.
 * @throws FormatError when centres and widths do not fit or a width is not above 0. Disposition: quarantine.
 * @source The definition of Spectral Python's BandResampler.
 */
export function resamplingTransform(source: BandSet, target: BandSet, goodBands: Uint8Array): SpectralTransform {
  for (const bands of [source, target]) requireWidths(bands);
  const bandCount = source.wavelengthNm.length;
  const outputCount = target.wavelengthNm.length;
  const matrix = new Float64Array(outputCount * bandCount);
  const bias = new Float64Array(outputCount);
  for (let output = 0; output < outputCount; output++) {
    const weights = matrix.subarray(output * bandCount, (output + 1) * bandCount);
    let sum = 0;
    for (let band = 0; band < bandCount; band++) {
      if (goodBands[band] === 1) weights[band] = responseOver(source, band, target, output);
      sum += weights[band]!;
    }
    if (sum > 0) for (let band = 0; band < bandCount; band++) weights[band]! /= sum;
    else bias[output] = Number.NaN;
  }
  return { bandCount, outputCount, matrix, bias };
}

/** Share of the target's response that lies in both widths. */
function responseOver(source: BandSet, band: number, target: BandSet, output: number): number {
  const centreNm = target.wavelengthNm[output]!;
  const [sourceHalfNm, targetHalfNm] = [source.fwhmNm[band]! / 2, target.fwhmNm[output]! / 2];
  const fromNm = Math.max(source.wavelengthNm[band]! - sourceHalfNm - centreNm, -targetHalfNm);
  const toNm = Math.min(source.wavelengthNm[band]! + sourceHalfNm - centreNm, targetHalfNm);
  if (toNm <= fromNm) return 0;
  const unitNm = target.fwhmNm[output]! * deviationPerFwhm * Math.SQRT2;
  return (nearErf(toNm / unitNm) - nearErf(fromNm / unitNm)) / 2;
}

/** Terms that bring the series to the last bit of float64 for |x| up to 0.84, which is half a width. */
const termCount = 16;

/** The error function by its Maclaurin series: 2 / sqrt(pi) * sum of (-1)^n x^(2n+1) / (n! (2n+1)). */
function nearErf(x: number): number {
  let power = x;
  let sum = x;
  for (let n = 1; n <= termCount; n++) {
    power *= (-x * x) / n;
    sum += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function requireWidths({ wavelengthNm, fwhmNm }: BandSet): void {
  const isWhole = wavelengthNm.length === fwhmNm.length && fwhmNm.every((widthNm) => widthNm > 0);
  if (isWhole) return;
  throw new FormatError(
    `Expected a width above 0 nm for each of ${wavelengthNm.length} bands, got ${fwhmNm.length} widths, the least ${Math.min(...fwhmNm)}. Give the full width at half maximum of every band.`,
  );
}
