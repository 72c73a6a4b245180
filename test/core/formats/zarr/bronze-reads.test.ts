import { expect, test } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { openBronze } from '#core/formats/zarr/bronze-reader.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { writeSampleGroup } from './sample-group.ts';

/** A store that notes every read: key and bytes. */
function counting(store: ObjectStore): { store: ObjectStore; reads: [key: string, sizeBytes: number][] } {
  const reads: [string, number][] = [];
  return {
    reads,
    store: {
      rootUri: store.rootUri,
      head: (key) => store.head(key),
      put: (key, bytes, options) => store.put(key, bytes, options),
      write: (key) => store.write(key),
      list: (prefix) => store.list(prefix),
      delete: (key) => store.delete(key),
      getTags: (key) => store.getTags(key),
      setTags: (key, tags) => store.setTags(key, tags),
      async get(key, options) {
        const object = await store.get(key, options);
        reads.push([key, object.sizeBytes]);
        return object;
      },
      async open(key, options) {
        const source = await store.open(key, options);
        const readInto = (offsetBytes: number, target: Uint8Array): Promise<void> => {
          reads.push([key, target.byteLength]);
          return source.readInto(offsetBytes, target);
        };
        return { ...source, readInto };
      },
    },
  };
}

const cube = { bandCount: 120, lineCount: 64, sampleCount: 100, tileLineCount: 32, georeference: null };

test('three bands of many cost an index and three chunks a tile, a few per cent of the bytes', async () => {
  const memory = memoryObjectStore();
  await writeSampleGroup(memory, 'c.zarr', cube);
  const { store, reads } = counting(memory);
  const reader = await openBronze(store, 'c.zarr');
  reads.length = 0;
  await reader.readLines({ lineStart: 0, lineEnd: 64, bands: [10, 60, 110] });
  const shards = ['c.zarr/reflectance/c/0/0/0', 'c.zarr/reflectance/c/0/1/0'];
  expect(reads.map(([key]) => key)).toEqual(shards.flatMap((key) => [key, key, key, key]));
  const readBytes = reads.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0);
  let storedBytes = 0;
  for (const key of shards) storedBytes += (await memory.head(key))!.sizeBytes;
  expect(readBytes / storedBytes).toBeLessThan(0.035);
});

test('all bands cost an index and one read a tile', async () => {
  const memory = memoryObjectStore();
  await writeSampleGroup(memory, 'c.zarr', cube);
  const { store, reads } = counting(memory);
  const reader = await openBronze(store, 'c.zarr');
  expect(reads.map(([key]) => key)).toEqual([
    'c.zarr/zarr.json',
    'c.zarr/wavelength/c/0',
    'c.zarr/fwhm/c/0',
    'c.zarr/good_band/c/0',
  ]);
  reads.length = 0;
  await reader.readLines({ lineStart: 32, lineEnd: 64 });
  expect(reads.map(([key]) => key)).toEqual(['c.zarr/reflectance/c/0/1/0', 'c.zarr/reflectance/c/0/1/0']);
});
