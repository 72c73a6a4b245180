import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import { tileSegmentsOf } from '#core/pipeline/cube/tile-segments.ts';
import { tileGridOf } from '#core/pipeline/cube/tile-setup.ts';
import type { GranuleOutput, Payload } from '#core/pipeline/payload.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silentProgress } from '#core/ports/progress.ts';
import type { Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { putSmallCube, sampleCount } from './small-cube.ts';

/** Ten tiles of 64 lines, in five segments of two: a row counts 70 bytes. */
const lines = 640;
const segmentBytesTarget = 2 * 64 * sampleCount * 70;
const cubeKey = 'raw_cubes/eu/farm-a/2026/07/01/c1.bil';
const cubeBytes = lines * 3 * sampleCount * 2;

const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};

class JobDied extends Error {}

/** Counts the bytes that are read of each object. */
function counted(store: ObjectStore, readBytes: Map<string, number>): ObjectStore {
  const open = async (key: string, options?: { readonly etag?: string }): Promise<ByteSource> => {
    const source = await store.open(key, options);
    const readInto = (offsetBytes: number, target: Uint8Array): Promise<void> => {
      readBytes.set(key, (readBytes.get(key) ?? 0) + target.length);
      return source.readInto(offsetBytes, target);
    };
    return { ...source, name: source.name, sizeBytes: source.sizeBytes, readInto, close: () => source.close() };
  };
  const get: ObjectStore['get'] = (key, options) => store.get(key, options);
  return { ...methodsOf(store), rootUri: store.rootUri, get, open };
}

/** The methods of a store, whichever way it was made. */
function methodsOf(store: ObjectStore): ObjectStore {
  return {
    rootUri: store.rootUri,
    head: (key) => store.head(key),
    get: (key, options) => store.get(key, options),
    open: (key, options) => store.open(key, options),
    put: (key, bytes, options) => store.put(key, bytes, options),
    write: (key) => store.write(key),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
    getTags: (key) => store.getTags(key),
    setTags: (key, tags) => store.setTags(key, tags),
  };
}

interface World {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly granule: Granule;
  readonly payload: Payload;
  readonly readBytes: Map<string, number>;
}

async function world(): Promise<World> {
  const readBytes = new Map<string, number>();
  const stored = memoryObjectStore();
  const granule = await putSmallCube(stored, { lineCount: lines });
  const raw = counted(stored, readBytes);
  const warehouse = memoryObjectStore();
  const tilePool = sequentialTilePool({ raw, warehouse, openHdf5 });
  return { raw, warehouse, granule, payload: cubePayload({ openHdf5, tilePool, segmentBytesTarget }), readBytes };
}

/** One attempt, which dies at a step. */
function attempt(
  { raw, warehouse, granule, payload, readBytes }: World,
  dieAt: string | null = null,
): Promise<GranuleOutput> {
  readBytes.clear();
  const step = (label: string): void => {
    if (label === dieAt) throw new JobDied(label);
  };
  return payload.process(granule, { raw, warehouse, source: 'raw', progress: silentProgress, step });
}

async function killedAt(there: World, label: string): Promise<void> {
  await expect(attempt(there, label)).rejects.toThrow(JobDied);
}

async function objectsOf({ warehouse }: World, prefix = ''): Promise<string[]> {
  return Array.fromAsync(warehouse.list(prefix), ({ key, etag, sizeBytes }) => `${key} ${etag} ${sizeBytes}`);
}

async function finish({ payload, warehouse, granule }: World, output: GranuleOutput): Promise<void> {
  const { processingId: processing_id, report } = output;
  const { granule_version_id } = granule;
  const outcome = {
    status: 'complete' as const,
    granule_version_id,
    processing_id,
    tables: [...output.tables],
    report,
  };
  await payload.discardProgress!(outcome, { warehouse });
}

describe('a cube of several segments whose job died', () => {
  it.each([
    ['tile:0', 0],
    ['tile:1', 0],
    ['tile:2', 2],
    ['tile:3', 2],
    ['tile:6', 6],
    ['tile:9', 8],
    ['stage', 8],
    ['bronze metadata', 8],
  ])(
    'at "%s" goes on at tile %i, reads no other lines, and leaves the objects of an undisturbed job',
    async (label, tile) => {
      const undisturbed = await world();
      const expected = await attempt(undisturbed);
      await finish(undisturbed, expected);
      // Beside its lines, the first bytes of a cube are read to tell its format.
      const wholeBytes = undisturbed.readBytes.get(cubeKey)!;
      expect(wholeBytes).toBeGreaterThanOrEqual(cubeBytes);
      expect(wholeBytes).toBeLessThan(1.2 * cubeBytes);

      const killed = await world();
      await killedAt(killed, label);
      const output = await attempt(killed);
      expect(killed.readBytes.get(cubeKey)).toBe(wholeBytes - (tile * cubeBytes) / 10);
      expect(output.tables).toEqual(expected.tables);
      const { resumed_tile, ...report } = output.report;
      expect(resumed_tile ?? 0).toBe(tile);
      expect(report).toEqual(expected.report);
      await finish(killed, output);
      expect(await objectsOf(killed)).toEqual(await objectsOf(undisturbed));
      expect(await objectsOf(killed, controlKeys.checkpointPrefix)).toEqual([]);
    },
  );

  it('goes on from each attempt to the next', async () => {
    const undisturbed = await world();
    const expected = await attempt(undisturbed);
    const killed = await world();
    for (const label of ['tile:3', 'tile:5', 'tile:6', 'stage']) await killedAt(killed, label);
    const output = await attempt(killed);
    expect(output.tables).toEqual(expected.tables);
    await finish(undisturbed, expected);
    await finish(killed, output);
    expect(await objectsOf(killed)).toEqual(await objectsOf(undisturbed));
  });

  it.each(['reflectance/c/0/1/0', '-00000.parquet', '00000.plots', 'checkpoints'])(
    'begins where its objects are as they were: one of "%s" that changed is made again',
    async (part) => {
      const undisturbed = await world();
      const expected = await attempt(undisturbed);
      const killed = await world();
      await killedAt(killed, 'tile:9');
      const keys = await Array.fromAsync(killed.warehouse.list(''), ({ key }) => key);
      const key = keys.find((candidate) => candidate.includes(part))!;
      await killed.warehouse.put(key, Buffer.from('{"torn'));
      const output = await attempt(killed);
      expect(output.report['resumed_tile']).toBe(undefined);
      expect(output.tables).toEqual(expected.tables);
      await finish(undisturbed, expected);
      await finish(killed, output);
      expect(await objectsOf(killed)).toEqual(await objectsOf(undisturbed));
    },
  );

  it('makes its bronze again from raw when only the checkpoints of a pass over bronze are left', async () => {
    const there = await world();
    const first = await attempt(there);
    await finish(there, first);
    const expected = await objectsOf(there);
    // From bronze now, since that is complete.
    await killedAt(there, 'tile:9');
    expect(await objectsOf(there, controlKeys.checkpointPrefix)).not.toEqual([]);
    for await (const { key } of there.warehouse.list('bronze/')) await there.warehouse.delete(key);
    const output = await attempt(there);
    expect(there.readBytes.get(cubeKey)).toBeGreaterThanOrEqual(cubeBytes);
    await finish(there, output);
    expect(await objectsOf(there)).toEqual(expected);
  });
});

describe('the segments of a cube', () => {
  const segmentsOf = (lineCount: number, bandCount: number, sampleCount: number): number =>
    tileSegmentsOf(tileGridOf({ lineCount, bandCount, sampleCount })).length;

  it('are one for a cube of about the size of a data file, and nine for one of 4 GB', () => {
    // 640 samples x 224 bands x 2 bytes = 286 720 bytes a line
    expect(segmentsOf(2000, 224, 640)).toBe(1);
    // 4e9 / 286 720 = 13 951 lines, x 640 x (448 + 64) bytes = 4.57e9 = 8.5 x 512 MiB
    expect(segmentsOf(13_951, 224, 640)).toBe(9);
    expect(segmentsOf(1, 3, 12)).toBe(1);
  });

  it('follow each other without a gap, none of them empty', () => {
    const grid = tileGridOf({ lineCount: 64 * 7, bandCount: 3, sampleCount: 12 });
    for (let target = 1000; target < 400_000; target += 7777) {
      const segments = tileSegmentsOf(grid, target);
      expect(segments[0]!.tileStart).toBe(0);
      expect(segments.at(-1)!.tileEnd).toBe(7);
      segments.forEach(({ index, tileStart, tileEnd }, position) => {
        expect(index).toBe(position);
        expect(tileEnd).toBeGreaterThan(tileStart);
        expect(tileStart).toBe(position === 0 ? 0 : segments[position - 1]!.tileEnd);
      });
    }
  });
});
