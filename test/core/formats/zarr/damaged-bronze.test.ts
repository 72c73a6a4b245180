import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { wgs84 } from '#core/cube/coordinate-system.ts';
import { CubelakeError, FormatError, InvariantError, NotFoundError } from '#core/errors.ts';
import { openBronze } from '#core/formats/zarr/bronze-reader.ts';
import { crc32c } from '#core/formats/zarr/crc32c.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { type SampleCube, writeSampleGroup } from './sample-group.ts';

const root = 'c.zarr';
const shardKey = `${root}/reflectance/c/0/0/0`;
// Planes of 144 values: enough for split streams, few enough to flip every byte.
const cube: SampleCube = {
  bandCount: 4,
  lineCount: 24,
  sampleCount: 12,
  tileLineCount: 12,
  georeference: { kind: 'locations', crs: wgs84 },
};
const valueCount = 4 * 24 * 12;
const indexBytes = 4 * 16 + 4;
const whole = { lineStart: 0, lineEnd: 24 };

let store: ObjectStore;
let shard: Uint8Array;
let rootJson: string;

beforeAll(async () => {
  store = memoryObjectStore();
  await writeSampleGroup(store, root, cube);
  shard = new Uint8Array((await store.get(shardKey)).bytes);
  rootJson = Buffer.from((await store.get(`${root}/zarr.json`)).bytes).toString();
});

/** The group with one object replaced, or absent. */
function replaced(key: string, bytes: Uint8Array | null): ObjectStore {
  const changed = memoryObjectStore();
  const isChanged = (wanted: string) => wanted === key;
  return {
    ...changed,
    rootUri: store.rootUri,
    head: (wanted) => (isChanged(wanted) ? changed.head(wanted) : store.head(wanted)),
    get: async (wanted, options) => {
      if (!isChanged(wanted)) return store.get(wanted, options);
      if (bytes !== null) await changed.put(wanted, bytes);
      return changed.get(wanted, options);
    },
    open: async (wanted, options) => {
      if (!isChanged(wanted)) return store.open(wanted, options);
      if (bytes !== null) await changed.put(wanted, bytes);
      return changed.open(wanted, options);
    },
  };
}

async function readShard(bytes: Uint8Array | null): Promise<Int16Array> {
  const reader = await openBronze(replaced(shardKey, bytes), root);
  return (await reader.readLines(whole)).data as Int16Array;
}

function withIndex(change: (entries: BigUint64Array) => void): Uint8Array {
  const bytes = shard.slice();
  const start = bytes.length - indexBytes;
  const entries = new BigUint64Array(bytes.slice(start, -4).buffer);
  change(entries);
  const entryBytes = new Uint8Array(entries.buffer);
  bytes.set(entryBytes, start);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, crc32c(entryBytes), true);
  return bytes;
}

describe('a shard', () => {
  test('that is absent is the fill value', async () => {
    const data = await readShard(null);
    const sound = (await (await openBronze(store, root)).readLines(whole)).data;
    for (let at = 0; at < valueCount; at++) {
      const isFirstTile = Math.floor(at / 12) % 24 < 12;
      expect(data[at]).toBe(isFirstTile ? -32768 : sound[at]);
    }
  });

  test('with any byte flipped gives a typed error, always so in its index, or values of the right number', async () => {
    for (let at = 0; at < shard.length; at++) {
      for (const bits of [0x01, 0x80]) {
        const changed = shard.slice();
        changed[at]! ^= bits;
        const result = await readShard(changed).catch((error: unknown) => error);
        if (at >= shard.length - indexBytes) expect(result).toBeInstanceOf(FormatError);
        else if (result instanceof Int16Array) expect(result).toHaveLength(valueCount);
        else expect(result).toBeInstanceOf(FormatError);
      }
    }
  });

  test('that ends anywhere early gives a typed error', async () => {
    for (let length = 0; length < shard.length; length++) {
      await expect(readShard(shard.subarray(0, length))).rejects.toBeInstanceOf(FormatError);
    }
  });

  test.each<[string, (entries: BigUint64Array) => void]>([
    ['reaches into the index', (entries) => entries.fill(BigInt(shard.length - indexBytes), 1, 2)],
    ['begins beyond the end', (entries) => entries.fill(2n ** 63n, 0, 1)],
    ['wraps past 2^64', (entries) => entries.fill(2n ** 64n - 2n, 0, 2)],
    ['is claimed by every band', (entries) => entries.fill(BigInt(shard.length - indexBytes)).fill(0n, 0, 1)],
    ['is of no bytes', (entries) => entries.fill(0n, 1, 2)],
    ['is absent by halves', (entries) => entries.fill(2n ** 64n - 1n, 0, 1)],
  ])('whose chunk %s gives a typed error', async (_, change) => {
    await expect(readShard(withIndex(change))).rejects.toBeInstanceOf(FormatError);
  });

  test('that is larger than its planes can be is refused before it is read', async () => {
    await expect(readShard(new Uint8Array(50_000))).rejects.toThrow(/Expected a shard of at most \d+ bytes, got 50000/);
  });
});

describe('a group', () => {
  const openWith = (change: (document: RootDocument) => void) => {
    const document = JSON.parse(rootJson) as RootDocument;
    change(document);
    return openBronze(replaced(`${root}/zarr.json`, Buffer.from(JSON.stringify(document))), root);
  };
  interface RootDocument {
    zarr_format: number;
    attributes: Record<string, unknown>;
    consolidated_metadata?: { metadata: Record<string, ArrayDocument> };
  }
  interface ArrayDocument {
    shape: number[];
    data_type: string;
    attributes: Record<string, unknown>;
    chunk_grid: { configuration: { chunk_shape: number[] } };
    codecs: { name: string; configuration: { chunk_shape: number[]; codecs: unknown[]; index_codecs: unknown[] } }[];
  }
  const reflectanceOf = (document: RootDocument): ArrayDocument =>
    document.consolidated_metadata!.metadata['reflectance']!;

  test('without its commit mark does not exist', async () => {
    await expect(openBronze(replaced(`${root}/zarr.json`, null), root)).rejects.toBeInstanceOf(NotFoundError);
  });

  test.each<[string, RegExp, (document: RootDocument) => void]>([
    ['Zarr v2', /Zarr v3 group/, (document) => (document.zarr_format = 2)],
    ['no consolidated metadata', /Zarr v3 group/, (document) => delete document.consolidated_metadata],
    [
      'no reflectance',
      /metadata of a Zarr v3 array/,
      (document) => delete document.consolidated_metadata!.metadata['reflectance'],
    ],
    ['reflectance in float32', /reflectance as int16/, (document) => (reflectanceOf(document).data_type = 'float32')],
    ['another scale', /scale_factor 0.0001/, (document) => (reflectanceOf(document).attributes['scale_factor'] = 1e-3)],
    ['two axes', /axes band, y, x/, (document) => reflectanceOf(document).shape.pop()],
    [
      'more bands than any sensor',
      /1 to 10000 bands, got 9007199254740991/,
      (document) => (reflectanceOf(document).shape[0] = 2 ** 53 - 1),
    ],
    [
      'tiles of a terabyte',
      /tiles that fit a job/,
      (document) => (reflectanceOf(document).chunk_grid.configuration.chunk_shape[1] = 4e6 * 5000),
    ],
    [
      'chunks of two bands',
      /a chunk per band/,
      (document) => (reflectanceOf(document).codecs[0]!.configuration.chunk_shape[0] = 2),
    ],
    [
      'gzip chunks',
      /got bytes, gzip/,
      (document) => (reflectanceOf(document).codecs[0]!.configuration.codecs = [{ name: 'bytes' }, { name: 'gzip' }]),
    ],
    [
      'big-endian chunks',
      /little-endian/,
      (document) =>
        (reflectanceOf(document).codecs[0]!.configuration.codecs = [
          { name: 'bytes', configuration: { endian: 'big' } },
        ]),
    ],
    [
      'an index without checksum',
      /index_codecs/,
      (document) => reflectanceOf(document).codecs[0]!.configuration.index_codecs.pop(),
    ],
    [
      'wavelengths for other bands',
      /wavelength of shape 4/,
      (document) => (document.consolidated_metadata!.metadata['wavelength']!.shape = [5]),
    ],
    ['a transform of words', /spatial:transform/, (document) => (document.attributes['spatial:transform'] = ['a'])],
  ])('with %s is refused with words for it', async (_, message, change) => {
    const opened = openWith(change);
    await expect(opened).rejects.toBeInstanceOf(FormatError);
    await expect(opened).rejects.toThrow(message);
  });

  test('whose metadata is changed at random opens or gives a typed error', async () => {
    const paths: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    };
    walk(JSON.parse(rootJson), []);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 1 }), async (path, value) => {
        const result = await openWith((document) => {
          let node = document as unknown as Record<string, unknown>;
          for (const key of path.slice(0, -1)) node = node[key] as Record<string, unknown>;
          node[path.at(-1)!] = value;
        }).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(CubelakeError);
        else expect(result).toHaveProperty('header.format', 'zarr');
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('is asked for lines and bands that it has, or it is our mistake', async () => {
    const reader = await openBronze(store, root);
    await expect(reader.readLines({ lineStart: 20, lineEnd: 25 })).rejects.toBeInstanceOf(InvariantError);
    await expect(reader.readQuality({ lineStart: 0, lineEnd: 1, bands: [4] })).rejects.toBeInstanceOf(InvariantError);
    await expect(reader.readLocations({ lineStart: -1, lineEnd: 1 })).rejects.toBeInstanceOf(InvariantError);
  });
});
