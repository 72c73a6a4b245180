import { Buffer } from 'node:buffer';
import type { CubeReader, CubeWindow } from '../../cube/cube.ts';
import { DeviceUnavailableError } from '../../errors.ts';
import { openCube } from '../../formats/open-cube.ts';
import { measuredTileCountMin } from '../../limits.ts';
import {
  type CalibratedTile,
  type CalibrationKernel,
  type DeviceKernel,
  isDeviceType,
  type KernelDevice,
} from '../../ports/calibration-kernel.ts';
import type { Progress } from '../../ports/progress.ts';
import type { KernelOpener } from '../../ports/tile-pool.ts';
import { calibrateTile } from '../../radiometry/calibrate-tile.ts';
import type { CalibrationCoefficients } from '../../radiometry/coefficients.ts';
import { plainRowsKernel } from '../../radiometry/plain-rows.ts';
import { openParts } from './cube-inputs.ts';
import type { TileStores } from './open-tile-processor.ts';
import { tileMemory, tileValuesBytes } from './tile-memory.ts';
import { type CubeSource, type TileSetup, tileCountOf, tileRange } from './tile-setup.ts';
import { tilePlanes } from './tile-source.ts';

/** `auto` takes the faster of both; `gpu` takes the GPU wherever it gives the same bytes. */
export type KernelMode = 'auto' | 'cpu' | 'gpu';

export interface KernelChoiceOptions {
  readonly mode: KernelMode;
  readonly stores: TileStores;
  /** Threads that would calibrate at the same time on the CPU. */
  readonly threadCount: number;
  /** @throws DeviceUnavailableError that says what is missing. */
  readonly openDevice: () => Promise<KernelDevice>;
  readonly progress: Progress;
  /** Milliseconds of a clock that only runs forward. */
  readonly elapsedMs: () => number;
}

/** Rounds of each measurement; the least time counts, because the first one compiles. */
const roundCount = 3;

/**
 * Decides for each cube with one of its own tiles, done by both: the device is taken only when all bytes are equal and, in
 * `auto`, when a tile takes it less time than it takes all threads together, which one line may rule out. Reports `Kernel:Choose:Done` with the reason
 * and both times, and `Kernel:Device:Lost` once when the device goes away later.
 */
export function kernelOpener(options: KernelChoiceOptions): KernelOpener {
  return async (setup) => {
    const { mode, progress } = options;
    if (mode === 'cpu' || setup.source.kind !== 'cube') return null;
    if (mode === 'auto' && tileCountOf(setup) < measuredTileCountMin) return null;
    const choice = await choose(setup, setup.source, options).catch((error: unknown) => {
      if (error instanceof DeviceUnavailableError) return onCpu(error.message);
      throw error;
    });
    const { kernel, ...facts } = choice;
    progress.report('Kernel:Choose:Done', { kernel: kernel === null ? 'cpu' : 'gpu', ...facts });
    return kernel === null ? null : tellingLoss(kernel, progress);
  };
}

interface KernelChoice {
  readonly kernel: DeviceKernel | null;
  readonly reason: string;
  readonly device: string | null;
  /** One tile on one thread. */
  readonly cpu_ms: number | null;
  /** One tile of several in flight. */
  readonly gpu_ms: number | null;
}

function onCpu(reason: string): KernelChoice {
  return { kernel: null, reason, device: null, cpu_ms: null, gpu_ms: null };
}

async function choose(
  setup: TileSetup,
  { parts, overrides, coefficients }: CubeSource,
  options: KernelChoiceOptions,
): Promise<KernelChoice> {
  const { mode, stores, threadCount, openDevice } = options;
  const device = await openDevice();
  let reader: CubeReader | null = null;
  try {
    reader = await openCube(await openParts(stores.raw, parts), { overrides, openHdf5: stores.openHdf5 });
    const memory = tileMemory(setup);
    const planes = tilePlanes(setup, memory);
    const target = memory.bytes(tileValuesBytes(setup));
    const line = await reader.readLines({ lineStart: 0, lineEnd: 1, target });
    if (!isDeviceType(line.data)) return refused(device, 'The GPU has no float64, the CPU has.');
    const lineMs = mode === 'auto' ? await warmMs(device, coefficients, line, planes, options) : null;
    const window = await reader.readLines({ ...tileRange(setup, 0), target });
    const cpuMs = await leastMs(plainRowsKernel(memory, coefficients, planes), 1, window, planes, options);
    if (lineMs !== null && lineMs > cpuMs) {
      const reason = `One line takes the GPU ${rounded(lineMs)} ms, the whole tile one thread ${rounded(cpuMs)} ms.`;
      return { ...refused(device, reason), device: device.name, cpu_ms: rounded(cpuMs) };
    }
    const kernel = closingDevice(await device.openCalibration(coefficients), device);
    const expected = emptyCopy(planes);
    calibrateTile(window, coefficients, expected);
    await kernel.calibrate(window, planes);
    if (!isSameTile(planes, expected)) {
      kernel.close();
      return onCpu(`Expected the bytes of the CPU, got others from ${device.name}. Its driver may be at fault.`);
    }
    const gpuMs = await leastMs(kernel.calibrate, threadCount, window, planes, options);
    const times = { device: device.name, cpu_ms: rounded(cpuMs), gpu_ms: rounded(gpuMs) };
    const isFaster = gpuMs < cpuMs / threadCount;
    const reason = `The GPU is ${isFaster ? 'faster' : 'not faster'} than ${threadCount} threads.`;
    if (isFaster || mode === 'gpu') return { kernel, reason, ...times };
    kernel.close();
    return { kernel: null, reason, ...times };
  } catch (error) {
    device.close();
    throw error;
  } finally {
    await reader?.close();
  }
}

function refused(device: KernelDevice, reason: string): KernelChoice {
  device.close();
  return onCpu(reason);
}

/** A device is opened for one cube and goes with its kernel. */
function closingDevice(kernel: DeviceKernel, device: KernelDevice): DeviceKernel {
  return {
    calibrate: kernel.calibrate,
    close: () => {
      kernel.close();
      device.close();
    },
  };
}

function tellingLoss({ calibrate, close }: DeviceKernel, progress: Progress): DeviceKernel {
  let isTold = false;
  return {
    calibrate: async (window, out) => {
      try {
        await calibrate(window, out);
      } catch (error) {
        if (error instanceof DeviceUnavailableError && !isTold) {
          isTold = true;
          progress.report('Kernel:Device:Lost', { reason: error.message, kernel: 'cpu' });
        }
        throw error;
      }
    },
    close,
  };
}

/** Milliseconds of one line after one that compiles: tells a GPU in software, to which a whole tile takes many seconds. */
async function warmMs(
  device: KernelDevice,
  coefficients: CalibrationCoefficients,
  line: CubeWindow,
  planes: CalibratedTile,
  { elapsedMs }: KernelChoiceOptions,
): Promise<number> {
  const kernel = await device.openCalibration(coefficients);
  await kernel.calibrate(line, planes);
  const start = elapsedMs();
  await kernel.calibrate(line, planes);
  const lineMs = elapsedMs() - start;
  kernel.close();
  return lineMs;
}

/** Milliseconds per tile when so many are given at once. All write the same bytes, so one set of planes serves. */
async function leastMs(
  kernel: CalibrationKernel,
  inFlightCount: number,
  window: CubeWindow,
  planes: CalibratedTile,
  { elapsedMs }: KernelChoiceOptions,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < roundCount; round++) {
    const start = elapsedMs();
    await Promise.all(Array.from({ length: inFlightCount }, () => kernel(window, planes)));
    least = Math.min(least, (elapsedMs() - start) / inFlightCount);
  }
  return least;
}

function rounded(milliseconds: number): number {
  return Number(milliseconds.toFixed(2));
}

function emptyCopy(planes: CalibratedTile): CalibratedTile {
  return {
    packed: new Int16Array(planes.packed.length),
    quality: new Uint8Array(planes.quality.length),
    pixelQuality: new Uint8Array(planes.pixelQuality.length),
    bandQuality: new Uint8Array(planes.bandQuality.length),
  };
}

function isSameTile(a: CalibratedTile, b: CalibratedTile): boolean {
  const pairs = [
    [a.packed, b.packed],
    [a.quality, b.quality],
    [a.pixelQuality, b.pixelQuality],
    [a.bandQuality, b.bandQuality],
  ] as const;
  return pairs.every(([left, right]) => bytesOf(left).equals(bytesOf(right)));
}

function bytesOf({ buffer, byteOffset, byteLength }: Int16Array | Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
