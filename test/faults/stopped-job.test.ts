import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { putSmallCube, sampleCount } from '../core/pipeline/small-cube.ts';
import { type CubeJob, cubeJob } from './cube-job.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-stopped-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Always at the same place, because data files name their tables by it. */
async function tenTiles(): Promise<CubeJob> {
  rmSync(join(scratch, 'lake'), { recursive: true, force: true });
  const [raw, warehouse] = ['raw', 'warehouse'].map((name) => fileObjectStore(join(scratch, 'lake', name)));
  // Five segments of two tiles of 64 lines, a row of three bands being 70 bytes.
  const putCube = (store: ObjectStore) => putSmallCube(store, { lineCount: 640 });
  return cubeJob({ raw: raw!, warehouse: warehouse!, putCube, segmentBytes: 2 * 64 * sampleCount * 70 });
}

describe('a job that gets SIGTERM in the middle of a cube', () => {
  it('exits 75 with its checkpoints kept and no outcome; the next attempt goes on there and ends with the same bytes', async () => {
    const undisturbed = await tenTiles();
    expect(await undisturbed.run()).toMatchObject({ exitCode: 0 });
    const expected = await undisturbed.objects();
    expect(expected.some((object) => object.startsWith(controlKeys.checkpointPrefix))).toBe(false);

    const stopped = await tenTiles();
    expect((await stopped.run({ name: 'SIGTERM', at: 'tile:6' })).exitCode).toBe(75);
    const left = await stopped.objects();
    // A thread tells with its next tile that one is stored: that of the first two tiles has come by tile 6 for sure.
    expect(left.filter((object) => /checkpoints\/.*\.json/.test(object)).length).toBeGreaterThanOrEqual(1);
    expect(left).not.toContain(controlKeys.outcome(stopped.manifestId, 0));
    expect(left.some((object) => object.includes('.zarr/zarr.json'))).toBe(false);

    const { exitCode, lines } = await stopped.run();
    expect(exitCode).toBe(0);
    const resumed = lines.find(({ event }) => event === 'Granule:Process:Resumed');
    expect(resumed?.['resumedTile']).toBeGreaterThanOrEqual(2);
    const tiles = lines.filter(({ event }) => event === 'Tile:Process:Done').map(({ done }) => done);
    expect(tiles[0]).toBe(Number(resumed?.['resumedTile']) + 1);
    expect(await stopped.objects()).toEqual(expected);
  });

  it('has nothing to do in a further attempt', async () => {
    const job = await tenTiles();
    expect((await job.run({ name: 'SIGKILL', at: 'outcome written' })).exitCode).toBe(null);
    const { exitCode, lines } = await job.run();
    expect(exitCode).toBe(0);
    expect(lines).toEqual([]);
    expect((await job.objects()).some((object) => object.startsWith(controlKeys.checkpointPrefix))).toBe(false);
  });
});
