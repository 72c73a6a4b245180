import type { KernelDevice } from '#core/ports/calibration-kernel.ts';
import { openGpuCalibration } from './gpu-calibration.ts';
import { GpuSession } from './gpu-session.ts';
import { openGpuTransform } from './gpu-transform.ts';
import { loadDawn } from './load-dawn.ts';

export interface GpuOptions {
  /** Bytes of one binding at most, where the device could take more. */
  readonly bindingBytesMax?: number;
  /** As in `loadDawn`. */
  readonly dawnOptions?: readonly string[];
}

/** A GPU as a `KernelDevice`; `lose` does what a driver's reset does. */
export interface Gpu extends KernelDevice {
  lose(): void;
}

/**
 * Opens the fastest GPU that Vulkan shows (elsewhere: Metal, Direct3D), through Dawn.
 * @throws DeviceUnavailableError that says what is missing: the package, the Vulkan loader, a driver.
 */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu> {
  const { bindingBytesMax = Number.POSITIVE_INFINITY, dawnOptions = [] } = options;
  const session = await GpuSession.open(await loadDawn(dawnOptions), bindingBytesMax);
  return {
    name: session.name,
    openCalibration: (coefficients) => openGpuCalibration(session, coefficients),
    openTransform: (transform) => openGpuTransform(session, transform),
    lose: () => session.device.destroy(),
    close: () => session.close(),
  };
}
