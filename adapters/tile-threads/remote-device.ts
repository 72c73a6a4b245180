import type { CubeWindow } from '#core/cube/cube.ts';
import { InvariantError } from '#core/errors.ts';
import type { CalibratedTile } from '#core/ports/calibration-kernel.ts';
import { type CarriedError, revive } from './carried-error.ts';
import { type DeviceTile, deviceTileBytes, planesOf, putWindow } from './device-tile.ts';

/**
 * The worker's end of the device that the main thread holds: a tile goes there and back through memory that both see,
 * because the planes of the kernels' own memory cannot change threads.
 */
export class RemoteDevice {
  readonly #send: (tile: DeviceTile) => void;
  #memory = new SharedArrayBuffer(0);
  #settle: ((error: CarriedError | null) => void) | null = null;

  constructor(send: (tile: DeviceTile) => void) {
    this.#send = send;
  }

  /** A `CalibrationKernel` for one tile at a time. */
  readonly calibrate = async (window: CubeWindow, out: CalibratedTile): Promise<void> => {
    const neededBytes = deviceTileBytes(window, window.data.BYTES_PER_ELEMENT);
    if (this.#memory.byteLength < neededBytes) this.#memory = new SharedArrayBuffer(neededBytes);
    const tile = putWindow(window, this.#memory);
    const failure = await new Promise<CarriedError | null>((resolve) => {
      this.#settle = resolve;
      this.#send(tile);
    });
    if (failure !== null) throw revive(failure);
    const { packed, quality, pixelQuality, bandQuality } = planesOf(tile);
    out.packed.set(packed);
    out.quality.set(quality);
    out.pixelQuality.set(pixelQuality);
    out.bandQuality.set(bandQuality);
  };

  /** The main thread's answer: null when the planes are written. */
  answer(error: CarriedError | null): void {
    if (this.#settle === null) throw new InvariantError('Expected an answer only to a tile that was sent');
    this.#settle(error);
    this.#settle = null;
  }
}
