import { DeviceUnavailableError } from '#core/errors.ts';
import { deviceTileCountMax } from '#core/limits.ts';
import type { DeviceTransform } from '#core/ports/calibration-kernel.ts';
import { packedPerUnit } from '#core/radiometry/quality.ts';
import type { SpectralTransform } from '#core/radiometry/spectral-transform.ts';
import type { GpuSession } from './gpu-session.ts';
import { SlotPool } from './slot-pool.ts';
import { type TransformOnDevice, TransformSlot } from './transform-slot.ts';
import { transformWgsl } from './transform-wgsl.ts';

/** The least float32 that no device may take for 0. */
const leastWeight = 2 ** -126;

/**
 * A spectral transform on the device, in float32: within 1e-5 of the sum of the magnitudes that are added, for up to 2000
 * bands.
 *
 * @throws DeviceUnavailableError when the matrix is larger than the device can bind.
 */
export async function openGpuTransform(session: GpuSession, transform: SpectralTransform): Promise<DeviceTransform> {
  const { bandCount, outputCount } = transform;
  const weights = Float32Array.from(transform.matrix, deviceWeight);
  const pixelCountMax = Math.floor(session.bindingBytesMax / Math.max(bandCount * 2, outputCount * 4));
  if (weights.byteLength > session.bindingBytesMax || pixelCountMax === 0) {
    throw new DeviceUnavailableError(
      `Expected at most ${session.bindingBytesMax} bytes at once for ${session.name}, got a matrix of ${weights.byteLength}. Leave it to the CPU.`,
    );
  }
  const onDevice: TransformOnDevice = await session.checked(async () => {
    const [matrix, bias] = [session.filled(weights), session.filled(Float32Array.from(transform.bias))];
    return { session, transform, matrix, bias, pipeline: await session.pipeline(transformWgsl) };
  });
  return new GpuTransform(onDevice, pixelCountMax);
}

class GpuTransform implements DeviceTransform {
  readonly #onDevice: TransformOnDevice;
  readonly #pixelCountMax: number;
  #slots: { readonly pool: SlotPool<TransformSlot>; readonly pixelCount: number } | null = null;

  constructor(onDevice: TransformOnDevice, pixelCountMax: number) {
    this.#onDevice = onDevice;
    this.#pixelCountMax = pixelCountMax;
  }

  readonly apply = async (packed: Int16Array, pixelCount: number, out: Float32Array): Promise<void> => {
    this.#slots ??= this.#slotsFor(Math.min(pixelCount, this.#pixelCountMax));
    const { pool, pixelCount: pieceCount } = this.#slots;
    const pieces: Promise<void>[] = [];
    for (let pixelStart = 0; pixelStart < pixelCount; pixelStart += pieceCount) {
      const range = { pixelStart, pixelEnd: Math.min(pixelCount, pixelStart + pieceCount), pixelCount };
      pieces.push(pool.use((slot) => slot.apply(packed, range, out)));
    }
    await Promise.all(pieces);
  };

  close(): void {
    for (const slot of this.#slots?.pool.slots ?? []) slot.destroy();
    this.#onDevice.matrix.destroy();
    this.#onDevice.bias.destroy();
  }

  #slotsFor(pixelCount: number) {
    const pool = new SlotPool(deviceTileCountMax, () => new TransformSlot(this.#onDevice, pixelCount));
    return { pool, pixelCount };
  }
}

/** Reflectance per packed step; what counts for the CPU must not vanish in float32. */
function deviceWeight(weight: number): number {
  const perStep = weight / packedPerUnit;
  return perStep !== 0 && Math.abs(perStep) < leastWeight ? Math.sign(perStep) * leastWeight : perStep;
}
