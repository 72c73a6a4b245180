import { describe, expect, test } from 'vitest';
import * as zarrita from 'zarrita';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { coordinateSystemOfDefinition, coordinateSystemOfEpsg, wgs84 } from '#core/cube/coordinate-system.ts';
import type { Georeference } from '#core/cube/cube.ts';
import { bronzeGroupObjects } from '#core/formats/zarr/bronze-group.ts';
import { openBronze } from '#core/formats/zarr/bronze-reader.ts';
import { wktOf } from '#core/formats/zarr/crs-wkt.ts';
import { ShardWriter } from '#core/formats/zarr/shard-writer.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { packedFill } from '#core/radiometry/quality.ts';
import {
  planesOf,
  type SampleCube,
  sampleFacts,
  sampleLocation,
  sampleQuality,
  sampleValue,
  writeSampleGroup,
} from './sample-group.ts';

const root = 'bronze/c.zarr';
const utm: Georeference = {
  kind: 'affine',
  crs: coordinateSystemOfEpsg(32633),
  transform: [0.5, 0, 500_000, 0, -0.5, 5_300_000],
};
// 40 lines are two tiles of 16 and a last one of 8.
const cube: SampleCube = { bandCount: 6, lineCount: 40, sampleCount: 33, tileLineCount: 16, georeference: utm };
const tiny: SampleCube = { bandCount: 3, lineCount: 2, sampleCount: 3, tileLineCount: 2, georeference: null };

async function stored(sample: SampleCube): Promise<ObjectStore> {
  const store = memoryObjectStore();
  await writeSampleGroup(store, root, sample);
  return store;
}

/** The store as zarrita asks for it. */
function zarritaStore(store: ObjectStore): Required<zarrita.AsyncReadable> {
  const get = async (key: string): Promise<Uint8Array | undefined> => {
    if ((await store.head(`${root}${key}`)) === null) return undefined;
    return new Uint8Array((await store.get(`${root}${key}`)).bytes);
  };
  return {
    get,
    async getRange(key, range) {
      const bytes = await get(key);
      if ('suffixLength' in range) return bytes?.slice(-range.suffixLength);
      return bytes?.slice(range.offset, range.offset + range.length);
    },
  };
}

async function readWithZarrita(store: ObjectStore, array: string): Promise<zarrita.Chunk<zarrita.DataType>> {
  const group = await zarrita.open.v3(zarritaStore(store), { kind: 'group' });
  return zarrita.get(await zarrita.open.v3(group.resolve(array), { kind: 'array' }));
}

describe('what we write', () => {
  test.each([
    ['a cube with a short last tile', cube],
    ['a cube of fewer values than Blosc splits', tiny],
  ])('zarrita reads as it was: %s', async (_, sample) => {
    const store = await stored(sample);
    const count = sample.bandCount * sample.lineCount * sample.sampleCount;
    const reflectance = await readWithZarrita(store, 'reflectance');
    expect(reflectance.shape).toEqual([sample.bandCount, sample.lineCount, sample.sampleCount]);
    expect(reflectance.data).toEqual(planesOf(sample, 0, sample.lineCount, sampleValue, new Int16Array(count)));
    const quality = await readWithZarrita(store, 'quality');
    expect(quality.data).toEqual(planesOf(sample, 0, sample.lineCount, sampleQuality, new Uint8Array(count)));
    expect((await readWithZarrita(store, 'wavelength')).data).toEqual(sampleFacts(sample).wavelengthNm);
  });

  test('leaves out chunks that hold only the fill value', () => {
    const { layout } = sampleFacts(cube);
    const pixelCount = 16 * 33;
    const writer = new ShardWriter(layout);
    const indexBytes = 6 * 16 + 4;
    const empty = new Int16Array(6 * pixelCount).fill(packedFill);
    expect(writer.reflectance(empty, pixelCount, () => true)).toHaveLength(indexBytes);
    expect(writer.quality(new Uint8Array(6 * pixelCount), pixelCount, () => true)).toHaveLength(indexBytes);
    empty[3 * pixelCount + 5] = 4000;
    const shard = writer.reflectance(empty, pixelCount, () => true);
    const entries = new BigUint64Array(shard.slice(-indexBytes, -4).buffer);
    expect([...entries].map((entry) => entry === 0xffffffffffffffffn)).toEqual(
      [0, 1, 2, 3, 4, 5].flatMap((band) => [band !== 3, band !== 3]),
    );
  });

  test('is the same bytes when the same tile is written again by a used writer', () => {
    const { layout } = sampleFacts(cube);
    const writer = new ShardWriter(layout);
    const planes = planesOf(cube, 0, 16, sampleValue, new Int16Array(6 * 16 * 33));
    const first = writer.reflectance(planes, 16 * 33, () => true).slice();
    writer.reflectance(planes.toReversed(), 16 * 33, () => true);
    writer.reflectance(planes, 7 * 33, () => true);
    expect(writer.reflectance(planes, 16 * 33, () => true)).toEqual(first);
  });

  test('ends with the commit mark, which holds the metadata of every array', () => {
    const objects = bronzeGroupObjects(sampleFacts(cube));
    expect(objects.at(-1)!.key).toBe('zarr.json');
    const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());
    const consolidated = parse(objects.at(-1)!.bytes).consolidated_metadata.metadata;
    const own = objects.filter(({ key }) => key.endsWith('/zarr.json'));
    expect(Object.keys(consolidated)).toEqual(own.map(({ key }) => key.replace('/zarr.json', '')));
    for (const { key, bytes } of own) expect(parse(bytes)).toEqual(consolidated[key.replace('/zarr.json', '')]);
  });
});

describe('what we read back', () => {
  test.each([
    ['the whole cube', 0, 40, undefined],
    ['lines across two tiles', 13, 21, undefined],
    ['one line of the last tile', 39, 40, undefined],
    ['three bands', 2, 38, [0, 2, 5]],
  ])('is what was written: %s', async (_, lineStart, lineEnd, bands) => {
    const reader = await openBronze(await stored(cube), root);
    const wanted = bands ?? [0, 1, 2, 3, 4, 5];
    const range = bands === undefined ? { lineStart, lineEnd } : { lineStart, lineEnd, bands };
    const sub = { bandCount: wanted.length, sampleCount: 33 };
    const count = wanted.length * (lineEnd - lineStart) * 33;
    const at =
      (value: typeof sampleValue): typeof sampleValue =>
      (band, line, sample) =>
        value(wanted[band]!, line, sample);
    const bits = planesOf(sub, lineStart, lineEnd - lineStart, at(sampleQuality), new Uint8Array(count));
    const values = planesOf(sub, lineStart, lineEnd - lineStart, at(sampleValue), new Int16Array(count));
    expect(await reader.readQuality(range)).toEqual(bits);
    expect(await reader.readLines(range)).toEqual({
      interleave: 'bsq',
      lineCount: lineEnd - lineStart,
      bandCount: wanted.length,
      sampleCount: 33,
      data: values,
    });
    expect(await reader.readLocations(range)).toBeNull();
  });

  test('has the header of the cube', async () => {
    const reader = await openBronze(await stored(cube), root);
    const facts = sampleFacts(cube);
    expect(reader.header).toMatchObject({
      format: 'zarr',
      quantity: 'reflectance',
      interleave: 'bsq',
      sampleType: 'int16',
      lineCount: 40,
      sampleCount: 33,
      bandCount: 6,
      fillValue: -32768,
      scale: { factor: 1e-4, offset: 0 },
      acquiredAt: '2025-06-01T10:20:30Z',
      sensorId: 'sample-sensor',
      wavelengthNm: facts.wavelengthNm,
      fwhmNm: facts.fwhmNm,
      goodBands: facts.goodBands,
    });
    expect(reader.tileLineCount).toBe(16);
    expect(reader.attributes['cubelake:provenance']).toEqual(facts.provenance);
  });

  const wkt = wktOf(coordinateSystemOfEpsg(32718))!;
  const ownSystem = coordinateSystemOfDefinition('+proj=laea +lat_0=52 +lon_0=10 +ellps=GRS80 +units=m', 'test');
  test.each<[string, Georeference]>([
    ['UTM', utm],
    ['a rotated grid', { ...utm, transform: [0.4, 0.3, 500_000, 0.3, -0.4, 5_300_000] }],
    ['degrees', { kind: 'affine', crs: wgs84, transform: [1e-5, 0, 11.5, 0, -1e-5, 48.25] }],
    ['WKT', { ...utm, crs: coordinateSystemOfDefinition(wkt, 'test') }],
    ['a system without a code', { ...utm, crs: ownSystem }],
    ['positions in degrees', { kind: 'locations', crs: wgs84 }],
    ['positions in metres', { kind: 'locations', crs: utm.crs }],
  ])('has the very same georeference: %s', async (_, georeference) => {
    const reader = await openBronze(await stored({ ...cube, georeference }), root);
    expect(reader.header.georeference).toEqual(georeference);
  });

  test('has the position of each pixel, NaN where unknown', async () => {
    const store = await stored({ ...cube, georeference: { kind: 'locations', crs: wgs84 } });
    const reader = await openBronze(store, root);
    const { x, y } = (await reader.readLocations({ lineStart: 14, lineEnd: 37 }))!;
    for (let line = 14; line < 37; line++) {
      for (let sample = 0; sample < 33; sample++) {
        const [lon, lat] = sampleLocation(line, sample, 33);
        expect(x[(line - 14) * 33 + sample]).toBe(lon);
        expect(y[(line - 14) * 33 + sample]).toBe(lat);
      }
    }
    expect((await readWithZarrita(store, 'longitude')).data).toEqual(
      (await reader.readLocations({ lineStart: 0, lineEnd: 40 }))!.x,
    );
  });

  test('keeps a window of reflectance while quality is read', async () => {
    const reader = await openBronze(await stored(cube), root);
    const { data } = await reader.readLines({ lineStart: 0, lineEnd: 16 });
    const before = data.slice();
    await reader.readQuality({ lineStart: 16, lineEnd: 32 });
    expect(data).toEqual(before);
  });
});
