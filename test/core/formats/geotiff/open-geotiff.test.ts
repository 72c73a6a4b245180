import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import type { CubeOverrides, CubeReader } from '#core/cube/cube.ts';
import { CubelakeError, FormatError, TruncatedInputError } from '#core/errors.ts';
import { openGeotiff } from '#core/formats/geotiff/open-geotiff.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import { asPixels, expectedPixels, windowsOf } from '../pixels.ts';

// Files are written and read by rasterio (GDAL) and tifffile: test/fixtures/geotiff/write_geotiff.py.

interface Twin {
  readonly name: string;
  readonly type: string;
  readonly data: string;
}

const fixture = join(import.meta.dirname, '../../../fixtures/geotiff/cubes.expected.json');
const twins = JSON.parse(readFileSync(fixture, 'utf8')) as {
  cubes: Twin[];
  values: Record<string, number[]>;
  described: (Twin & { transform: number[] | null; values: number[] })[];
  refused: Twin[];
};

const bytesOf = (list: readonly Twin[], name: string) =>
  Buffer.from(list.find((twin) => twin.name === name)!.data, 'base64');

const open = (bytes: Uint8Array, overrides: CubeOverrides = {}): Promise<CubeReader> =>
  openGeotiff(memoryByteSource('cube.tif', bytes), overrides);

const described = (name: string, overrides: CubeOverrides = {}) => open(bytesOf(twins.described, name), overrides);

describe('a TIFF cube', () => {
  it('is there in every type, compression, predictor and layout', () => {
    expect(twins.cubes.length).toBe(32);
  });

  it.each(twins.cubes.map((twin) => [twin.name, twin] as const))('reads as GDAL reads it: %s', async (_, twin) => {
    const reader = await open(Buffer.from(twin.data, 'base64'));
    const values = twins.values[twin.type]!;
    expect(reader.header).toMatchObject({ lineCount: 18, sampleCount: 17, bandCount: 3, interleave: 'bsq' });
    for (const { lines, bands } of windowsOf(reader)) {
      const [lineStart, lineEnd] = lines;
      const window = await reader.readLines({ lineStart, lineEnd, bands });
      expect(asPixels(window)).toEqual(expectedPixels(reader, values, lines, bands));
    }
    // Forth and back, so that windows meet blocks that were kept and blocks that were not.
    for (const lineStart of [0, 5, 10, 15, 4, 0]) {
      const lines = [lineStart, Math.min(18, lineStart + 6)] as const;
      const window = await reader.readLines({ lineStart: lines[0], lineEnd: lines[1] });
      expect(asPixels(window)).toEqual(expectedPixels(reader, values, lines, [0, 1, 2]));
    }
  });

  /** The file with a list of the reads that it gets: [offset, length]. */
  function watched(name: string): { source: ByteSource; reads: [number, number][] } {
    const source = memoryByteSource('cube.tif', bytesOf(twins.cubes, name));
    const reads: [number, number][] = [];
    const readInto: ByteSource['readInto'] = (offsetBytes, target) => {
      reads.push([offsetBytes, target.byteLength]);
      return source.readInto(offsetBytes, target);
    };
    return { source: { ...source, readInto }, reads };
  }

  it('is read by the blocks of the window only', async () => {
    const { source, reads } = watched('int16 strips');
    const reader = await openGeotiff(source, {});
    reads.length = 0;
    await reader.readLines({ lineStart: 4, lineEnd: 6 });
    // Strips of 5 rows: the last row of one and the first of the next, 17 samples x 3 bands x 2 bytes each.
    expect(reads.map(([, lengthBytes]) => lengthBytes)).toEqual([102, 102]);
  });

  it('decodes a block once while windows move through it', async () => {
    const { source, reads } = watched('lzw tiles by band');
    const reader = await openGeotiff(source, {});
    reads.length = 0;
    for (let line = 0; line < 16; line += 4) await reader.readLines({ lineStart: line, lineEnd: line + 4 });
    // One row of tiles: two columns in each of three bands.
    expect(reads).toHaveLength(6);
    expect(new Set(reads.map(([offsetBytes]) => offsetBytes)).size).toBe(6);
  });
});

describe('tags of a GeoTIFF', () => {
  it('give place, wavelengths, fill value and scale', async () => {
    const { header } = await described('UTM');
    expect(header).toMatchObject({
      fillValue: -9999,
      scale: { factor: 1e-4, offset: 0.5 },
      georeference: { kind: 'affine', crs: { epsg: 32615 }, transform: [0.5, 0, 500_000, 0, -0.5, 4_600_000] },
      warnings: [],
    });
    expect([[...header.wavelengthNm!], [...header.fwhmNm!]]).toEqual([
      [550.5, 650.25],
      [5, 5],
    ]);
  });

  it.each(['UTM', 'rotated', 'degrees', 'pixel is point'])('place pixels as GDAL does: %s', async (name) => {
    const { georeference } = (await described(name)).header;
    const expected = twins.described.find((twin) => twin.name === name)!.transform!;
    expect(georeference).toMatchObject({ kind: 'affine', transform: expected });
  });

  it('give wavelengths in micrometres, and no scale when bands differ in it', async () => {
    const { header } = await described('rotated');
    expect([...header.wavelengthNm!]).toEqual([550.5, 650.25]);
    expect(header.scale).toBeNull();
    expect(header.warnings[0]).toMatch(/differ between bands/);
  });

  it('give wavelengths in names with a unit or decimals, but not in counting names', async () => {
    expect([...(await described('unknown system')).header.wavelengthNm!]).toEqual([550.5, 650.25]);
    const decimals = (await described('no system')).header;
    expect([...decimals.wavelengthNm!]).toEqual([550.5, 650.25]);
    expect(decimals.warnings).toEqual(['Band names are taken as wavelengths in nanometres.']);
    expect((await described('pixel is point')).header).toMatchObject({ wavelengthNm: null, bandNames: ['1', '2'] });
    expect((await described('degrees')).header).toMatchObject({ wavelengthNm: null, bandNames: null, fillValue: null });
  });

  it('leave the place open without a known system, which the user can give', async () => {
    const unknown = (await described('unknown system')).header;
    expect(unknown.georeference).toBeNull();
    expect(unknown.warnings.join()).toMatch(/EPSG:2154/);
    expect((await described('no system')).header.georeference).toBeNull();
    expect((await described('no system', { epsg: 32633 })).header.georeference).toMatchObject({
      kind: 'affine',
      crs: { epsg: 32633 },
      transform: [1, 0, 88, 0, -1, 13_217],
    });
  });

  it('fill blocks that GDAL has left out', async () => {
    const reader = await described('sparse');
    expect(asPixels(await reader.readLines({ lineStart: 0, lineEnd: 3 }))).toEqual(new Array(12).fill(-5));
  });
});

describe('an image that is no readable cube', () => {
  it.each([
    ['JPEG', /got JPEG .*gdal_translate -co COMPRESS=DEFLATE/],
    ['complex', /got complex numbers/],
    ['half', /got sample format 3 of 16 bits/],
    ['pages', /got an image for each band/],
  ])('is refused by name: %s', async (name, message) => {
    await expect(open(bytesOf(twins.refused, name))).rejects.toThrow(FormatError);
    await expect(open(bytesOf(twins.refused, name))).rejects.toThrow(message);
  });
});

describe('a hostile TIFF', () => {
  async function outcome(bytes: Uint8Array): Promise<'read' | 'refused'> {
    try {
      const reader = await open(bytes);
      const lineEnd = Math.min(reader.header.lineCount, 4);
      await reader.readLines({ lineStart: 0, lineEnd, bands: [reader.header.bandCount - 1] });
      return 'read';
    } catch (error) {
      if (error instanceof CubelakeError && error.disposition === 'quarantine') return 'refused';
      throw error;
    }
  }

  const names = [
    'lzw strips by pixel',
    'deflate tiles by band',
    'zstd tiles by band',
    'packbits strips by pixel',
    'BigTIFF',
  ];

  it.each(names)('cut at any byte is refused, or read where the window is whole: %s', async (name) => {
    const bytes = bytesOf(twins.cubes, name);
    for (let end = 8; end < bytes.length; end += 3) await outcome(bytes.subarray(0, end));
    expect(await outcome(bytes.subarray(0, 100))).toBe('refused');
    expect(await outcome(bytes)).toBe('read');
    await expect(open(bytes.subarray(0, 7))).rejects.toThrow(TruncatedInputError);
  });

  it.each(names)('with any byte changed is refused or read: %s', async (name) => {
    const sound = bytesOf(twins.cubes, name);
    for (let at = 4; at < sound.length; at += 2) {
      const bytes = Buffer.from(sound);
      bytes[at] = bytes[at]! ^ 0xff;
      await outcome(bytes);
    }
  });

  it('with extreme numbers in its directory is refused or read', async () => {
    const sound = bytesOf(twins.cubes, 'lzw strips by pixel');
    const directory = sound.readUInt32LE(4);
    const entryCount = sound.readUInt16LE(directory);
    const extreme = fc.constantFrom(0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, sound.length);
    await fc.assert(
      fc.asyncProperty(fc.nat(entryCount - 1), fc.constantFrom(4, 8), extreme, async (entry, field, value) => {
        const bytes = Buffer.from(sound);
        bytes.writeUInt32LE(value, directory + 2 + entry * 12 + field);
        await outcome(bytes);
      }),
      { seed: 31, numRuns: 300 },
    );
  });
});
