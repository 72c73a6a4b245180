import type { CubeWindow } from '../cube/cube.ts';
import type { CalibrationCoefficients } from '../radiometry/coefficients.ts';

/** Planes of one tile after calibration, all of shape [bands, lines, samples]; reused between tiles. */
export interface CalibratedTile {
  /** round(reflectance * 10 000); -32768 where there is no value. */
  readonly packed: Int16Array;
  /** Quality bits per band and pixel. */
  readonly quality: Uint8Array;
  /** Quality bits of all good bands together, shape [lines, samples]. */
  readonly pixelQuality: Uint8Array;
  /** Every quality bit that occurs in a band, shape [bands]. */
  readonly bandQuality: Uint8Array;
}

/**
 * Counts to packed reflectance for one tile. The CPU kernel (core/radiometry/calibrate-tile.ts) is the oracle: another
 * kernel must agree in every quality bit and within one step in every value.
 */
export type CalibrationKernel = (
  window: CubeWindow,
  coefficients: CalibrationCoefficients,
  out: CalibratedTile,
) => void;
