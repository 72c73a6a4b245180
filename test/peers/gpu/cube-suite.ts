import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { type Gpu, openGpu } from '#adapters/gpu/open-gpu.ts';
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { kernelOpener } from '#core/pipeline/cube/kernel-choice.ts';
import type { GranuleOutput } from '#core/pipeline/payload.ts';
import type { KernelDevice } from '#core/ports/calibration-kernel.ts';
import { silentProgress } from '#core/ports/progress.ts';
import type { Granule } from '#schemas/manifest.ts';
import { putSmallCube } from '../../core/pipeline/small-cube.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-gpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const raw = fileObjectStore(join(folder, 'raw'));
/** Nine tiles, the last one smaller, with fill, saturated and dark values. */
const lineCount = 64 * 8 + 9;
const flaws = [65_535, 4095, 60, 100];
let granule: Granule;
let expected: CubeRun;

interface CubeRun {
  readonly report: GranuleOutput['report'];
  /** Of every object: its key and what its bytes hash to. */
  readonly etags: readonly string[];
}

beforeAll(async () => {
  const count = (line: number, band: number, sample: number) =>
    (line * 7 + band * 3 + sample) % 41 === 0 ? flaws[(line + sample) % flaws.length]! : null;
  granule = await putSmallCube(raw, { lineCount, count });
  expected = await runCube('cpu', 1);
  expect(expected.etags.length).toBeGreaterThan(20);
});

async function runCube(
  name: string,
  threadCount: number,
  openDevice?: () => Promise<KernelDevice>,
  events: Event[] = [],
) {
  const warehouse = fileObjectStore(join(folder, name));
  const progress = { report: (event: string, fields: object) => void events.push({ event, ...fields }) };
  const [payload] = wirePayloads({
    raw,
    warehouse,
    threadCount,
    ...(openDevice !== undefined && {
      kernel: (stores, count) =>
        kernelOpener({
          mode: 'gpu',
          stores,
          threadCount: count,
          openDevice,
          progress,
          elapsedMs: () => performance.now(),
        }),
    }),
  });
  const context = { raw, warehouse, source: 'raw', progress: silentProgress, step: () => {} } as const;
  const { report } = await payload!.process(granule, context);
  const etags: string[] = [];
  for await (const { key, etag } of warehouse.list('')) etags.push(`${key} ${etag}`);
  return { report, etags };
}

type Event = { readonly event: string };

interface Watch {
  readonly events: Event[];
  tileCount: number;
}

/** Counts what the GPU has calibrated of the cube, after the kernel was chosen, and loses it at a certain tile. */
function watched(gpu: Gpu, watch: Watch, loseAt: number): KernelDevice {
  return {
    ...gpu,
    openCalibration: async (coefficients) => {
      const kernel = await gpu.openCalibration(coefficients);
      let startedCount = 0;
      return {
        calibrate: async (window, out) => {
          const isChosen = watch.events.length > 0;
          const calibrating = kernel.calibrate(window, out);
          if (isChosen && startedCount++ === loseAt) gpu.lose();
          await calibrating;
          if (isChosen) watch.tileCount++;
        },
        close: () => kernel.close(),
      };
    },
  };
}

describe.each([1, 2])('a cube on the GPU, with %i threads', (threadCount) => {
  const run = async (name: string, loseAt: number) => {
    const watch: Watch = { events: [], tileCount: 0 };
    const openDevice = async () => watched(await openGpu(), watch, loseAt);
    const got = await runCube(`${name}-${threadCount}`, threadCount, openDevice, watch.events);
    return { got, watch };
  };

  it('leaves every byte that it leaves on the CPU', async () => {
    const { got, watch } = await run('gpu', Number.POSITIVE_INFINITY);
    expect(got).toEqual(expected);
    expect(watch.tileCount).toBe(9);
    expect(watch.events).toEqual([
      expect.objectContaining({ event: 'Kernel:Choose:Done', kernel: 'gpu', gpu_ms: expect.any(Number) }),
    ]);
  });

  it('leaves the same when the GPU is lost in the middle, with one notice', async () => {
    const { got, watch } = await run('lost', 4);
    expect(got).toEqual(expected);
    expect(watch.tileCount).toBeLessThan(9);
    expect(watch.tileCount).toBeGreaterThanOrEqual(3);
    expect(watch.events.map(({ event }) => event)).toEqual(['Kernel:Choose:Done', 'Kernel:Device:Lost']);
  });
});
