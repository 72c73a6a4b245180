import { DeviceUnavailableError } from '#core/errors.ts';

type DawnPackage = Pick<typeof import('webgpu'), 'create'>;

/**
 * Dawn, an implementation of WebGPU. Its package is an optional dependency and has no build for some platforms.
 * @param dawnOptions As Dawn writes them, e.g. `adapter=NVIDIA H100` or `backend=vulkan`.
 * @throws DeviceUnavailableError
 */
export async function loadDawn(
  dawnOptions: readonly string[] = [],
  load: () => Promise<DawnPackage> = () => import('webgpu'),
): Promise<GPU> {
  try {
    const { create } = await load();
    return create([...dawnOptions]);
  } catch (error) {
    throw new DeviceUnavailableError(
      'Expected the package webgpu for a GPU, it does not load here. Install the optional dependencies, or leave it to the CPU.',
      {},
      error,
    );
  }
}
