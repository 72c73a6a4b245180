import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { threadTilePool } from '#adapters/tile-threads/thread-pool.ts';
import { CalibrationError, DeviceUnavailableError } from '#core/errors.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import type { GranuleOutput } from '#core/pipeline/payload.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { cpuOnly, type KernelOpener, type TilePool } from '#core/ports/tile-pool.ts';
import { calibrateTile } from '#core/radiometry/calibrate-tile.ts';
import { putSmallCube } from '../../core/pipeline/small-cube.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-threads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const raw = fileObjectStore(join(folder, 'raw'));
const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};

type Kind = 'in place' | 'threads' | 'threads with a device' | 'threads that lose their device';

/** The CPU's kernel in the main thread stands for a device: it shows whether windows and planes come through whole. */
function deviceOf(kind: Kind): KernelOpener {
  if (kind === 'threads') return cpuOnly;
  let leftCount = kind === 'threads with a device' ? Number.POSITIVE_INFINITY : 1;
  return async ({ source }) => ({
    calibrate: async (window, out) => {
      if (leftCount-- <= 0) throw new DeviceUnavailableError('Expected the device to go on, it was reset.');
      expect(source.kind).toBe('cube');
      if (source.kind === 'cube') calibrateTile(window, source.coefficients, out);
    },
    close: () => closed.push(kind),
  });
}
const closed: Kind[] = [];

function poolOf(kind: Kind, warehouse: ReturnType<typeof fileObjectStore>): TilePool {
  if (kind === 'in place') return sequentialTilePool({ raw, warehouse, openHdf5 });
  return threadTilePool({
    threadCount: 2,
    workerUrl: new URL('../../../batch-jobs/process-granule/tile-worker.ts', import.meta.url),
    wiring: { rawUri: raw.rootUri, warehouseUri: warehouse.rootUri },
    openKernel: deviceOf(kind),
  });
}

async function run(kind: Kind): Promise<{ output: GranuleOutput; etags: string[] }> {
  const warehouse = fileObjectStore(join(folder, kind));
  const payload = cubePayload({ openHdf5, tilePool: poolOf(kind, warehouse) });
  const granule = await putSmallCube(raw);
  const output = await payload.process(granule, {
    raw,
    warehouse,
    source: 'raw',
    progress: silentProgress,
    step: () => {},
  });
  const etags: string[] = [];
  for await (const { key, etag } of warehouse.list('')) etags.push(`${key} ${etag}`);
  return { output, etags };
}

describe('threadTilePool', () => {
  it('leaves the same objects, byte for byte, as processing in place', async () => {
    const threads = await run('threads');
    expect(threads.etags.length).toBeGreaterThan(8);
    expect(threads.etags).toEqual((await run('in place')).etags);
  });

  it.each(['threads with a device', 'threads that lose their device'] as const)(
    'leaves the same with %s in the main thread, and closes it',
    async (kind) => {
      expect((await run(kind)).etags).toEqual((await run('in place')).etags);
      expect(closed).toContain(kind);
    },
  );

  it('brings back the error of a thread with its disposition', async () => {
    const warehouse = fileObjectStore(join(folder, 'broken'));
    const pool = poolOf('threads', warehouse);
    const payload = cubePayload({
      openHdf5,
      tilePool: {
        prepare: pool.prepare,
        // Coefficients of another width reach the workers.
        process: (setup, onTile) => {
          if (setup.source.kind !== 'cube') throw new Error('expected a raw cube');
          const coefficients = { ...setup.source.coefficients, sampleCount: 5 };
          return pool.process({ ...setup, source: { ...setup.source, coefficients } }, onTile);
        },
      },
    });
    const granule = await putSmallCube(raw);
    const failure = await payload
      .process(granule, { raw, warehouse, source: 'raw', progress: silentProgress, step: () => {} })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: CalibrationError.name,
      disposition: 'quarantine',
      message: expect.stringMatching(/like its references/),
    });
  });
});
