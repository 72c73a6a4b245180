import { beforeAll, describe, expect, it } from 'vitest';
import { openGpu } from '#adapters/gpu/open-gpu.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { DeviceUnavailableError, FormatError } from '#core/errors.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { type KernelMode, kernelOpener } from '#core/pipeline/cube/kernel-choice.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import type { CalibrationKernel, KernelDevice } from '#core/ports/calibration-kernel.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { calibrateTile } from '#core/radiometry/calibrate-tile.ts';
import type { Granule } from '#schemas/manifest.ts';
import { putSmallCube } from './small-cube.ts';

const raw = memoryObjectStore();
const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};
/** Eight tiles: the least that is measured. */
let granule: Granule;
beforeAll(async () => {
  granule = await putSmallCube(raw, { lineCount: 64 * 7 + 1 });
});

/** The CPU's kernel as if it were a device's, with what is done around each tile. */
function cpuAsDevice(around: (calibrate: () => void) => void = (calibrate) => calibrate()) {
  const log: string[] = [];
  const device: KernelDevice = {
    name: 'a second processor',
    openCalibration: async (coefficients) => {
      const calibrate: CalibrationKernel = async (window, out) => {
        around(() => calibrateTile(window, coefficients, out));
        log.push('tile');
      };
      return { calibrate, close: () => void log.push('kernel closed') };
    },
    openTransform: () => Promise.reject(new DeviceUnavailableError('no transforms here')),
    close: () => void log.push('device closed'),
  };
  return { device, log };
}

interface Options {
  readonly mode?: KernelMode;
  readonly openDevice: () => Promise<KernelDevice>;
  /** Of a line on the device in `auto`, of the three rounds on the CPU, then of those on the device. */
  readonly roundsMs?: readonly number[];
  readonly threadCount?: number;
  readonly granule?: Granule;
}

async function runCube({ mode = 'auto', openDevice, roundsMs = [], threadCount = 1, ...options }: Options) {
  const warehouse = memoryObjectStore();
  const events: object[] = [];
  const progress = { report: (event: string, fields: object) => void events.push({ event, ...fields }) };
  const stores = { raw, warehouse, openHdf5 };
  let readingCount = 0;
  let nowMs = 0;
  const elapsedMs = () => {
    if (readingCount++ % 2 === 1) nowMs += roundsMs[(readingCount >> 1) - 1] ?? 0;
    return nowMs;
  };
  const openKernel = kernelOpener({ mode, stores, threadCount, openDevice, progress, elapsedMs });
  const payload = cubePayload({ openHdf5, tilePool: sequentialTilePool(stores, openKernel) });
  const context = { raw, warehouse, source: 'raw', progress: silentProgress, step: () => {} } as const;
  await payload.process(options.granule ?? granule, context);
  const etags: string[] = [];
  for await (const { key, etag } of warehouse.list('')) etags.push(`${key} ${etag}`);
  return { events, etags };
}

const unopened = () => Promise.reject(new FormatError('must not be opened'));

describe('kernelOpener', () => {
  it('takes the device for all tiles where it is faster, tells both times, and closes it after the cube', async () => {
    const { device, log } = cpuAsDevice();
    const { events } = await runCube({ openDevice: async () => device, roundsMs: [1, 90, 10, 20, 70, 8, 9] });
    expect(events).toEqual([
      {
        event: 'Kernel:Choose:Done',
        kernel: 'gpu',
        reason: 'The GPU is faster than 1 threads.',
        device: 'a second processor',
        cpu_ms: 10,
        gpu_ms: 8,
      },
    ]);
    expect(log).toEqual([
      'tile',
      'tile',
      'kernel closed',
      ...Array(1 + 3 + 8).fill('tile'),
      'kernel closed',
      'device closed',
    ]);
  });

  it('leaves it to the CPU where the device is not faster than all threads together', async () => {
    const { device, log } = cpuAsDevice();
    const roundsMs = [1, 10, 10, 10, 12, 12, 12];
    const { events } = await runCube({ openDevice: async () => device, roundsMs, threadCount: 2 });
    // 10 ms on each of two threads is a tile each 5 ms; two in flight in 12 ms is one each 6.
    expect(events).toEqual([expect.objectContaining({ kernel: 'cpu', cpu_ms: 10, gpu_ms: 6 })]);
    expect(log).toEqual([
      'tile',
      'tile',
      'kernel closed',
      ...Array(1 + 3 * 2).fill('tile'),
      'kernel closed',
      'device closed',
    ]);
  });

  it('asks a device no more that takes longer for a line than a thread for a tile, like one in software', async () => {
    const { device, log } = cpuAsDevice();
    const { events } = await runCube({ openDevice: async () => device, roundsMs: [31, 30, 30, 30] });
    const reason = 'One line takes the GPU 31 ms, the whole tile one thread 30 ms.';
    expect(events).toEqual([expect.objectContaining({ kernel: 'cpu', reason, cpu_ms: 30, gpu_ms: null })]);
    expect(log).toEqual(['tile', 'tile', 'kernel closed', 'device closed']);
  });

  it('takes a slower device where the mode says so', async () => {
    const { device } = cpuAsDevice();
    const { events } = await runCube({ mode: 'gpu', openDevice: async () => device, roundsMs: [1, 1, 1, 9, 9, 9] });
    expect(events).toEqual([
      expect.objectContaining({ kernel: 'gpu', reason: 'The GPU is not faster than 1 threads.' }),
    ]);
  });

  it('opens nothing where the mode is cpu, or the cube is smaller than the question is worth', async () => {
    expect((await runCube({ mode: 'cpu', openDevice: unopened })).events).toEqual([]);
    const small = await putSmallCube(raw, { lineCount: 64 * 7 });
    try {
      expect((await runCube({ openDevice: unopened, granule: small })).events).toEqual([]);
    } finally {
      granule = await putSmallCube(raw, { lineCount: 64 * 7 + 1 });
    }
  });

  it('tells why there is no device and goes on with the CPU', async () => {
    const openDevice = () => Promise.reject(new DeviceUnavailableError('Expected a GPU, got none.'));
    const { events, etags } = await runCube({ mode: 'gpu', openDevice });
    expect(events).toEqual([expect.objectContaining({ kernel: 'cpu', reason: 'Expected a GPU, got none.' })]);
    expect(etags).toEqual((await runCube({ mode: 'cpu', openDevice })).etags);
  });

  it('refuses a device that gives other bytes, like a driver that does nothing', async () => {
    const openDevice = () => openGpu({ dawnOptions: ['backend=null'] });
    const { events, etags } = await runCube({ mode: 'gpu', openDevice });
    expect(events).toEqual([expect.objectContaining({ kernel: 'cpu', reason: expect.stringMatching(/got others/) })]);
    expect(etags).toEqual((await runCube({ mode: 'cpu', openDevice })).etags);
  });

  it('does the tile on the CPU at which the device is lost, and all after it, with one notice', async () => {
    let tileCount = 0;
    const { device, log } = cpuAsDevice((calibrate) => {
      if (++tileCount > 1 + 3 + 5) throw new DeviceUnavailableError('Expected the GPU to go on, it was reset.');
      calibrate();
    });
    const { events, etags } = await runCube({ mode: 'gpu', openDevice: async () => device });
    expect(events).toEqual([
      expect.objectContaining({ kernel: 'gpu' }),
      { event: 'Kernel:Device:Lost', kernel: 'cpu', reason: 'Expected the GPU to go on, it was reset.' },
    ]);
    expect(log).toEqual([...Array(1 + 3 + 5).fill('tile'), 'kernel closed', 'device closed']);
    // It is asked no second time.
    expect(tileCount).toBe(1 + 3 + 6);
    expect(etags).toEqual((await runCube({ mode: 'cpu', openDevice: unopened })).etags);
  });

  it('closes the device when the cube fails', async () => {
    const { device, log } = cpuAsDevice();
    const broken = { ...granule, parts: granule.parts.map((part) => ({ ...part, etag: 'another' })) };
    await expect(runCube({ mode: 'gpu', openDevice: async () => device, granule: broken })).rejects.toThrow();
    expect(log.filter((entry) => entry === 'tile')).toEqual([]);
    const failing = cpuAsDevice(() => {
      throw new FormatError('a fault of the kernel');
    });
    await expect(runCube({ mode: 'gpu', openDevice: async () => failing.device })).rejects.toThrow(
      /fault of the kernel/,
    );
    expect(failing.log).toEqual(['device closed']);
  });
});
