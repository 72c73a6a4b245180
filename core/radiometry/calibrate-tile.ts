import { type CubeWindow, type SampleArray, strides } from '../cube/cube.ts';
import { CalibrationError } from '../errors.ts';
import type { CalibratedTile } from '../ports/calibration-kernel.ts';
import type { CalibrationCoefficients } from './coefficients.ts';
import type { PlainRows } from './plain-rows.ts';
import { packedFill, packedPerUnit, quality } from './quality.ts';

/**
 * Calibrates one tile on the CPU: packed = round((stored - offset) * gain), half away from zero, never clipped. A result
 * that int16 cannot hold becomes "no value" with the bits noData and outOfRange.
 *
 * @param window Stored values of some lines, in any interleave.
 * @param out Planes of at least bands * lines * samples; written in [bands, lines, samples] without gaps.
 * @param plainRows Takes rows without flaws, made for these coefficients and planes; null: every row goes through the code here,
 *   which is the oracle of all other ways.
 * @throws CalibrationError when the window and the coefficients differ in bands or samples. Disposition: quarantine.
 */
export function calibrateTile(
  window: CubeWindow,
  coefficients: CalibrationCoefficients,
  out: CalibratedTile,
  plainRows: PlainRows | null = null,
): void {
  const { bandCount, sampleCount } = coefficients;
  if (window.bandCount !== bandCount || window.sampleCount !== sampleCount) {
    throw new CalibrationError(
      `Expected a cube of ${bandCount} bands x ${sampleCount} samples like its references, got ${window.bandCount} x ${window.sampleCount}. Use references of the same binning and region of interest.`,
    );
  }
  const step = strides(window);
  const planeCount = window.lineCount * sampleCount;
  const counts = plainRows !== null && window.data instanceof Uint16Array ? window.data : null;
  // Most bits are 0: clearing at once and writing only the others saves two stores per value.
  out.pixelQuality.fill(0, 0, planeCount);
  out.quality.fill(0, 0, bandCount * planeCount);
  for (let band = 0; band < bandCount; band++) {
    const columns = band * sampleCount;
    let occurring = 0;
    for (let line = 0; line < window.lineCount; line++) {
      const from = line * step.line + band * step.band;
      const to = band * planeCount + line * sampleCount;
      if (
        counts !== null &&
        coefficients.plainBands[band] === 1 &&
        plainRows!.calibrate(counts, from, step.sample, columns, to)
      ) {
        continue;
      }
      occurring |= calibrateRow(
        window.data,
        from,
        step.sample,
        sampleCount,
        coefficients.offset,
        coefficients.gain,
        coefficients.columnQuality,
        columns,
        coefficients.fillValue,
        coefficients.saturationLevel,
        coefficients.goodBands[band]!,
        out.packed,
        out.quality,
        to,
        out.pixelQuality,
        line * sampleCount,
      );
    }
    out.bandQuality[band] = occurring;
  }
}

/** One band of one line. @returns all quality bits that occur */
function calibrateRow(
  data: SampleArray,
  from: number,
  sampleStride: number,
  sampleCount: number,
  offset: Float32Array,
  gain: Float32Array,
  columnQuality: Uint8Array,
  columns: number,
  fillValue: number,
  saturationLevel: number,
  isGood: number,
  packed: Int16Array,
  qualityOut: Uint8Array,
  to: number,
  pixelQuality: Uint8Array,
  pixel: number,
): number {
  let occurring = 0;
  for (let sample = 0; sample < sampleCount; sample++) {
    const stored = data[from]!;
    from += sampleStride;
    let bits = columnQuality[columns + sample]!;
    const value = (stored - offset[columns + sample]!) * gain[columns + sample]!;
    if (stored !== fillValue && value > -32767.5 && value < 32767.5) {
      const rounded = (value + (value < 0 ? -0.5 : 0.5)) | 0;
      packed[to + sample] = rounded;
      // The sign bits of `rounded` and of `1 - rounded` say "below 0" and "above 1" without a branch.
      bits |= ((rounded >>> 31) | ((packedPerUnit - rounded) >>> 31)) << 4;
      if (stored >= saturationLevel) bits |= quality.saturated;
    } else {
      packed[to + sample] = packedFill;
      bits |= stored === fillValue || Number.isNaN(value) ? quality.noData : quality.noData | quality.outOfRange;
    }
    if (bits === 0) continue;
    qualityOut[to + sample] = bits;
    occurring |= bits;
    if (isGood === 1) pixelQuality[pixel + sample]! |= bits;
  }
  return occurring;
}
