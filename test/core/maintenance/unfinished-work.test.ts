import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pendingCommits } from '#core/maintenance/pending-commits.ts';
import { planUnfinishedRemoval, removeUnfinished } from '#core/maintenance/unfinished-work.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { type TestClock, testClock } from '../../conformance/test-clock.ts';
import { putSmallCube, sampleCount } from '../pipeline/small-cube.ts';

const dayMs = 24 * 3600 * 1000;
const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};

interface Lake {
  readonly warehouse: ObjectStore;
  readonly clock: TestClock;
  /** An attempt on the same cube of five segments, which dies at a step. */
  attempt(dieAt: string | null): Promise<void>;
  keys(prefix: string): Promise<string[]>;
}

async function newLake(): Promise<Lake> {
  const clock = testClock();
  const [raw, warehouse] = [memoryObjectStore('raw', clock), memoryObjectStore('warehouse', clock)];
  const granule = await putSmallCube(raw, { lineCount: 640 });
  const tilePool = sequentialTilePool({ raw, warehouse, openHdf5 });
  const payload = cubePayload({ openHdf5, tilePool, segmentBytesTarget: 2 * 64 * sampleCount * 70 });
  return {
    warehouse,
    clock,
    async attempt(dieAt) {
      const step = (label: string): void => {
        if (label === dieAt) throw new Error('died');
      };
      const work = payload.process(granule, { raw, warehouse, source: 'raw', progress: silentProgress, step });
      if (dieAt === null) await work;
      else await expect(work).rejects.toThrow('died');
    },
    keys: (prefix) => Array.fromAsync(warehouse.list(prefix), ({ key }) => key),
  };
}

async function maintain(lake: Lake): Promise<string[]> {
  return removeUnfinished(lake, await planUnfinishedRemoval(lake));
}

describe('what a job that never ended has left', () => {
  it('goes when it is three days old: the checkpoints first, the bronze that they name in the next run', async () => {
    const lake = await newLake();
    await lake.attempt('tile:5');
    const bronze = await lake.keys('bronze/');
    const checkpoints = await lake.keys('control/checkpoints/');
    // Facts and values by plot of tiles 0 to 1 and 2 to 3, and the values alone of 4 to 5, whose bronze was on its way.
    expect(checkpoints).toHaveLength(5);
    expect(bronze.length).toBeGreaterThanOrEqual(6);
    expect(await maintain(lake)).toEqual([]);
    lake.clock.advance(3 * dayMs + 1);
    expect(await maintain(lake)).toEqual(checkpoints);
    expect(await maintain(lake)).toEqual(bronze);
    expect(await lake.keys('bronze/')).toEqual([]);
  });

  it('stays while an attempt goes on from it, and so do the rows that it will stage', async () => {
    const lake = await newLake();
    await lake.attempt('tile:5');
    const bronze = await lake.keys('bronze/');
    const rows = (await lake.keys('tables/')).filter((key) => /-0000[01]\.parquet$/.test(key));
    expect(rows).toHaveLength(2);
    lake.clock.advance(3 * dayMs + 1);
    await lake.attempt('tile:4');
    for (let run = 0; run < 2; run++) {
      await maintain(lake);
      expect(await lake.keys('bronze/')).toEqual(expect.arrayContaining(bronze));
      expect((await pendingCommits(lake.warehouse)).keys).toEqual(new Set(rows));
    }
    await lake.attempt(null);
    const complete = await lake.keys('bronze/');
    expect(complete.some((key) => key.endsWith('.zarr/zarr.json'))).toBe(true);
    lake.clock.advance(30 * dayMs);
    await maintain(lake);
    await maintain(lake);
    expect(await lake.keys('bronze/')).toEqual(complete);
    expect((await pendingCommits(lake.warehouse)).keys.size).toBe(0);
  });

  it('is not what lies in no group, and a checkpoint that nobody understands keeps no bronze', async () => {
    const lake = await newLake();
    await lake.attempt('tile:5');
    for (const key of await lake.keys('control/checkpoints/')) await lake.warehouse.put(key, Buffer.from('{"torn'));
    await lake.warehouse.put('bronze/notes.txt', Buffer.from('mine'));
    lake.clock.advance(3 * dayMs + 1);
    await maintain(lake);
    expect([...(await lake.keys('bronze/')), ...(await lake.keys('control/'))]).toEqual(['bronze/notes.txt']);
  });
});
