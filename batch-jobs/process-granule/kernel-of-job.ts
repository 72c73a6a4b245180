import { openGpu } from '#adapters/gpu/open-gpu.ts';
import { type KernelMode, kernelOpener } from '#core/pipeline/cube/kernel-choice.ts';
import type { Progress } from '#core/ports/progress.ts';
import type { KernelWiring } from '../payloads.ts';

/** Which kernel calibrates the cubes of a job, with the GPU of this machine as the choice beside the CPU. */
export function kernelOfJob(mode: KernelMode, progress: Progress): KernelWiring {
  return (stores, threadCount) =>
    kernelOpener({
      mode,
      stores,
      threadCount,
      openDevice: () => openGpu(),
      progress,
      elapsedMs: () => performance.now(),
    });
}
