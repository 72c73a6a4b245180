import type { CubeWindow } from '#core/cube/cube.ts';
import { DeviceUnavailableError, invariant } from '#core/errors.ts';
import { deviceTileCountMax } from '#core/limits.ts';
import type { CalibratedTile, DeviceKernel } from '#core/ports/calibration-kernel.ts';
import type { CalibrationCoefficients } from '#core/radiometry/coefficients.ts';
import { CalibrationSlot, type CubeOnDevice, type SlotSize } from './calibration-slot.ts';
import { calibrationWgsl } from './calibration-wgsl.ts';
import type { GpuSession } from './gpu-session.ts';
import { SlotPool } from './slot-pool.ts';
import { fillKeyOf, levelKeyOf, sampleTypeOf } from './stored-keys.ts';
import { tilePieces } from './tile-pieces.ts';

/** What one value takes in the largest binding of a slot: its results are three bytes, stored values up to four. */
const valueBytesMax = 4;

/** @throws DeviceUnavailableError when the coefficients are larger than the device can bind. */
export async function openGpuCalibration(
  session: GpuSession,
  coefficients: CalibrationCoefficients,
): Promise<DeviceKernel> {
  const neededBytes = coefficients.bandCount * coefficients.sampleCount * valueBytesMax;
  if (neededBytes > session.bindingBytesMax) throw tooLarge(session, neededBytes);
  return new GpuCalibration(session, coefficients);
}

function tooLarge(session: GpuSession, neededBytes: number): DeviceUnavailableError {
  return new DeviceUnavailableError(
    `Expected at most ${session.bindingBytesMax} bytes at once for ${session.name}, got ${neededBytes}. Leave this cube to the CPU.`,
  );
}

/**
 * Calibrates the tiles of one cube. Up to three pieces of tiles are in work: while the device calculates one, the host
 * copies another's results out and a third's counts in.
 */
class GpuCalibration implements DeviceKernel {
  readonly #session: GpuSession;
  readonly #coefficients: CalibrationCoefficients;
  #buffers: readonly GPUBuffer[] = [];
  /** Made for the type and size of the first tile; later ones are like it or smaller. */
  #ready: Promise<{ readonly cube: CubeOnDevice; readonly slots: SlotPool<CalibrationSlot> }> | null = null;

  constructor(session: GpuSession, coefficients: CalibrationCoefficients) {
    this.#session = session;
    this.#coefficients = coefficients;
  }

  readonly calibrate = async (window: CubeWindow, out: CalibratedTile): Promise<void> => {
    const valueCountMax = Math.floor(this.#session.bindingBytesMax / valueBytesMax);
    const pieces = tilePieces(window, valueCountMax);
    if (pieces === null) throw tooLarge(this.#session, window.data.byteLength);
    const valueCount = window.bandCount * window.lineCount * window.sampleCount;
    this.#ready ??= this.#prepare(sampleTypeOf(window.data), {
      valueCount: Math.min(valueCountMax, valueCount),
      pixelCount: window.lineCount * window.sampleCount,
      bandCount: window.bandCount,
    });
    const { cube, slots } = await this.#ready;
    invariant(sampleTypeOf(window.data) === cube.sampleType, 'Expected all tiles of a cube in one type of values');
    out.quality.fill(0, 0, valueCount);
    out.pixelQuality.fill(0, 0, window.lineCount * window.sampleCount);
    out.bandQuality.fill(0, 0, window.bandCount);
    await Promise.all(pieces.map((piece) => slots.use((slot) => slot.calibrate(piece, window, out))));
  };

  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#ready
      ?.then(({ slots }) => {
        for (const slot of slots.slots) slot.destroy();
      })
      .catch(() => {});
  }

  async #prepare(sampleType: number, size: SlotSize) {
    invariant(sampleType >= 0, 'Expected values of a type that devices have');
    const session = this.#session;
    const { offset, gain, columnQuality, goodBands, sampleCount, fillValue, saturationLevel } = this.#coefficients;
    // Bit 8 tells that the band is good.
    const columns = Uint32Array.from(columnQuality, (bits, at) => {
      return bits | (goodBands[Math.floor(at / sampleCount)] === 1 ? 0x100 : 0);
    });
    const pipeline = await session.checked(() => {
      this.#buffers = [session.filled(offset), session.filled(gain), session.filled(columns)];
      return session.pipeline(calibrationWgsl, { sampleType });
    });
    const cube: CubeOnDevice = {
      session,
      pipeline,
      coefficients: this.#buffers,
      columnsPerBand: sampleCount,
      sampleType,
      fillKey: fillKeyOf(fillValue, sampleType),
      levelKey: levelKeyOf(saturationLevel, sampleType),
    };
    return { cube, slots: new SlotPool(deviceTileCountMax, () => new CalibrationSlot(cube, size)) };
  }
}
