import { CalibrationError } from '../errors.ts';
import { packedPerUnit, quality } from './quality.ts';
import type { ReferenceMean } from './reference-mean.ts';

/**
 * Calibration of one cube as an affine function per band and sample:
 *   packed = (stored - offset) * gain,   reflectance = packed / 10 000
 * Dark and white references, and scale and offset of a reflectance product, both take this form, so one kernel serves all.
 */
export interface CalibrationCoefficients {
  readonly bandCount: number;
  readonly sampleCount: number;
  /** Stored units, shape [bands, samples]. */
  readonly offset: Float32Array;
  /** Packed reflectance per stored unit, shape [bands, samples]; NaN where there is no calibration. */
  readonly gain: Float32Array;
  /** Quality bits that every pixel of this band and sample gets, shape [bands, samples]. */
  readonly columnQuality: Uint8Array;
  /** 1 = good, shape [bands]: only good bands count in a pixel's quality. */
  readonly goodBands: Uint8Array;
  /** 1 where no sample of the band has a quality bit or lacks a gain, and no 16-bit value overflows; shape [bands]. */
  readonly plainBands: Uint8Array;
  /** Stored value from which on a pixel is saturated; Infinity when unknown. */
  readonly saturationLevel: number;
  /** Stored value that means "no value", compared before any scaling; NaN when there is none. */
  readonly fillValue: number;
}

/** white - dark below this many standard deviations of the dark is not trusted. Chosen: a 20 % error of the quotient at one sigma. */
const referenceNoiseFactor = 5;

/** A white column of which more than this share of lines is saturated is not trusted. Chosen. */
const saturatedShareMax = 0.01;

export interface ReferenceInputs {
  readonly dark: ReferenceMean;
  readonly white: ReferenceMean;
  /** Dark taken at the white's integration time; the same as `dark` when both times are equal. */
  readonly whiteDark: ReferenceMean;
  /** Shape [bands]. */
  readonly panelReflectance: Float64Array;
  /** Integration time of the cube over that of the white reference; 1 when equal. */
  readonly integrationTimeRatio: number;
  readonly goodBands: Uint8Array;
  readonly saturationLevel: number | null;
  readonly fillValue: number | null;
}

/**
 * Flat-field coefficients from dark and white references:
 *   reflectance = panel * [(S - D_S) / t_S] / [(W - D_W) / t_W]
 *
 * @returns gain NaN (so: no value) where white <= dark; bit lowReference where the quotient is not trustworthy.
 * @throws CalibrationError when shapes differ, or no band and sample at all can be calibrated. Disposition: quarantine.
 * @source Standard flat-field correction; integration times enter linearly for a linear detector.
 */
export function coefficientsFromReferences(inputs: ReferenceInputs, where: string): CalibrationCoefficients {
  const { dark, white, whiteDark, panelReflectance, integrationTimeRatio, goodBands } = inputs;
  const { bandCount, sampleCount } = dark;
  for (const reference of [white, whiteDark]) requireSameShape(dark, reference, where);
  const offset = new Float32Array(bandCount * sampleCount);
  const gain = new Float32Array(bandCount * sampleCount);
  const columnQuality = new Uint8Array(bandCount * sampleCount);
  let usableCount = 0;
  for (let band = 0; band < bandCount; band++) {
    const scale = (panelReflectance[band]! * packedPerUnit) / integrationTimeRatio;
    for (let sample = 0; sample < sampleCount; sample++) {
      const at = band * sampleCount + sample;
      const signal = white.mean[at]! - whiteDark.mean[at]!;
      offset[at] = dark.mean[at]!;
      gain[at] = signal > 0 ? scale / signal : Number.NaN;
      let bits = goodBands[band] === 1 ? 0 : quality.badBand;
      if (!(signal > referenceNoiseFactor * whiteDark.standardDeviation[at]!)) bits |= quality.lowReference;
      if (white.saturatedShare[at]! > saturatedShareMax) bits |= quality.lowReference;
      columnQuality[at] = bits;
      if (signal > 0) usableCount++;
    }
  }
  if (usableCount === 0) {
    throw new CalibrationError(
      `Expected white counts above dark counts, got none in ${bandCount} bands x ${sampleCount} samples (${where}). Check that the dark and white references are not exchanged.`,
      { where },
    );
  }
  return completed({ bandCount, sampleCount, offset, gain, columnQuality, goodBands }, inputs);
}

/**
 * Coefficients of a cube that holds reflectance already: reflectance = stored * factor + offset.
 * @param factor Reflectance per stored unit, e.g. 1e-4; not zero.
 */
export function coefficientsFromScale(inputs: {
  readonly bandCount: number;
  readonly sampleCount: number;
  readonly factor: number;
  readonly offset: number;
  readonly goodBands: Uint8Array;
  readonly saturationLevel: number | null;
  readonly fillValue: number | null;
}): CalibrationCoefficients {
  const { bandCount, sampleCount, goodBands } = inputs;
  const columnQuality = new Uint8Array(bandCount * sampleCount);
  for (let band = 0; band < bandCount; band++) {
    if (goodBands[band] === 0) columnQuality.fill(quality.badBand, band * sampleCount, (band + 1) * sampleCount);
  }
  const offset = new Float32Array(bandCount * sampleCount).fill(-inputs.offset / inputs.factor);
  const gain = new Float32Array(bandCount * sampleCount).fill(inputs.factor * packedPerUnit);
  return completed({ bandCount, sampleCount, offset, gain, columnQuality, goodBands }, inputs);
}

/** What follows from the arrays, and the stored values that mean something, with "none" as a number that never compares. */
function completed(
  arrays: Omit<CalibrationCoefficients, 'plainBands' | 'saturationLevel' | 'fillValue'>,
  stored: { readonly saturationLevel: number | null; readonly fillValue: number | null },
): CalibrationCoefficients {
  const { offset, gain, columnQuality, bandCount } = arrays;
  return {
    ...arrays,
    plainBands: plainBandsOf(offset, gain, columnQuality, bandCount),
    saturationLevel: stored.saturationLevel ?? Number.POSITIVE_INFINITY,
    fillValue: stored.fillValue ?? Number.NaN,
  };
}

/** The largest 16-bit value; results of plain bands stay within int32 for it. */
const storedMax = 65_535;

function plainBandsOf(
  offset: Float32Array,
  gain: Float32Array,
  columnQuality: Uint8Array,
  bandCount: number,
): Uint8Array {
  const sampleCount = offset.length / bandCount;
  return Uint8Array.from({ length: bandCount }, (_, band) => {
    for (let at = band * sampleCount; at < (band + 1) * sampleCount; at++) {
      const largest = (storedMax + Math.abs(offset[at]!)) * Math.abs(gain[at]!);
      if (columnQuality[at] !== 0 || !(largest < 2 ** 31)) return 0;
    }
    return 1;
  });
}

function requireSameShape(a: ReferenceMean, b: ReferenceMean, where: string): void {
  if (a.bandCount === b.bandCount && a.sampleCount === b.sampleCount) return;
  throw new CalibrationError(
    `Expected references of ${a.bandCount} bands x ${a.sampleCount} samples, got ${b.bandCount} x ${b.sampleCount} (${where}). Use references taken with the cube's own binning and region of interest.`,
    { where },
  );
}
