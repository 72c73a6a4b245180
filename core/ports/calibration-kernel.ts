import type { CubeWindow, SampleArray } from '../cube/cube.ts';
import type { CalibrationCoefficients } from '../radiometry/coefficients.ts';
import type { SpectralTransform } from '../radiometry/spectral-transform.ts';

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
 * Counts to packed reflectance for one tile of the cube that the kernel was made for; `out` is written when it settles, and
 * the window must stay until then. core/radiometry/calibrate-tile.ts is the oracle: every kernel agrees in every byte.
 *
 * @throws DeviceUnavailableError from the kernel of a device; the tile is then still to be done.
 */
export type CalibrationKernel = (window: CubeWindow, out: CalibratedTile) => void | Promise<void>;

/** A device's kernel for one cube. */
export interface DeviceKernel {
  readonly calibrate: CalibrationKernel;
  /** Gives the cube's buffers back. */
  close(): void;
}

/**
 * out = bias + matrix * reflectance for each pixel of a tile.
 * @param packed Shape [bands, pixels], as in `CalibratedTile`.
 * @param out Shape [outputs, pixels]; NaN where a band that counts has no value.
 */
export type TransformKernel = (packed: Int16Array, pixelCount: number, out: Float32Array) => Promise<void>;

export interface DeviceTransform {
  readonly apply: TransformKernel;
  close(): void;
}

/** A processor beside the CPU: a GPU. All that it gives fails with DeviceUnavailableError once it is gone. */
export interface KernelDevice {
  /** For people: card and driver. */
  readonly name: string;
  /** @throws DeviceUnavailableError when the coefficients are larger than the device can bind. */
  openCalibration(coefficients: CalibrationCoefficients): Promise<DeviceKernel>;
  openTransform(transform: SpectralTransform): Promise<DeviceTransform>;
  close(): void;
}

/** Types of stored values that every device takes; only the CPU has float64. */
export function isDeviceType(data: SampleArray): boolean {
  return !(data instanceof Float64Array);
}
