import { zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import {
  type CoordinateSystem,
  coordinateSystemOfDefinition,
  coordinateSystemOfEpsg,
} from '../../cube/coordinate-system.ts';
import type { AffineTransform, CubeHeader, CubeReader, CubeWindow, Georeference, LineRange } from '../../cube/cube.ts';
import { FormatError } from '../../errors.ts';
import { bandCountMax, lineCountMax, sampleCountMax, textFileBytesMax, tileBytesMax } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { packedFill, packedScale } from '../../radiometry/quality.ts';
import { readBlosc } from './blosc.ts';
import type { ShardLayout } from './shard-layout.ts';
import { ShardReader } from './shard-reader.ts';

/** A bronze group as a cube of packed reflectance, with its quality bits. */
export interface BronzeReader extends CubeReader {
  /** Quality bits, shape [bands, lines, samples]. Valid until the next read. */
  readQuality(range: LineRange): Promise<Uint8Array>;
}

const rootSchema = z.object({
  zarr_format: z.literal(3),
  node_type: z.literal('group'),
  attributes: z.record(z.string(), z.unknown()),
  consolidated_metadata: z.object({ metadata: z.record(z.string(), z.unknown()) }),
});

const arraySchema = z.object({
  shape: z.array(z.number().int().positive()),
  data_type: z.string(),
  chunk_grid: z.object({ configuration: z.object({ chunk_shape: z.array(z.number().int().positive()) }) }),
  codecs: z.array(z.object({ name: z.string() })),
  attributes: z.record(z.string(), z.unknown()),
});

/**
 * Opens a group that bronze-group.ts describes. Nothing but metadata and coordinates is read before lines are asked for.
 * @throws NotFoundError without a commit mark; FormatError for a group that is not ours. Disposition: quarantine.
 */
export async function openBronze(store: ObjectStore, rootKey: string): Promise<BronzeReader> {
  const root = rootSchema.safeParse(await readJson(store, `${rootKey}/zarr.json`));
  if (!root.success) throw notOurs(rootKey, 'its root metadata');
  const arrays = root.data.consolidated_metadata.metadata;
  const reflectance = arraySchema.safeParse(arrays['reflectance']);
  if (!reflectance.success || reflectance.data.shape.length !== 3 || reflectance.data.data_type !== 'int16') {
    throw notOurs(rootKey, 'array reflectance of three axes, int16');
  }
  const [bandCount, lineCount, sampleCount] = reflectance.data.shape as [number, number, number];
  const [, tileLineCount] = reflectance.data.chunk_grid.configuration.chunk_shape as [number, number];
  const layout: ShardLayout = { bandCount, tileLineCount, sampleCount };
  requirePlausible(layout, lineCount, rootKey);
  const coordinate = (name: string) => readCoordinate(store, rootKey, name, arrays, bandCount);
  const attributes = root.data.attributes;
  const header: CubeHeader = {
    format: 'zarr',
    lineCount,
    sampleCount,
    bandCount,
    sampleType: 'int16',
    interleave: 'bsq',
    quantity: 'reflectance',
    wavelengthNm: (await coordinate('wavelength')) as Float64Array | null,
    fwhmNm: (await coordinate('fwhm')) as Float64Array | null,
    goodBands: (await coordinate('good_band')) as Uint8Array | null,
    bandNames: null,
    fillValue: packedFill,
    scale: { factor: packedScale, offset: 0, source: 'scale_factor' },
    georeference: georeferenceOf(arrays, attributes, rootKey),
    acquiredAt: textOf(attributes['cubelake:acquired_at']),
    integrationTimeMs: null,
    saturationLevel: null,
    sensorId: textOf(attributes['cubelake:sensor_id']),
    missing: [],
    warnings: [],
  };
  return bronzeReader(store, rootKey, header, layout);
}

function bronzeReader(store: ObjectStore, rootKey: string, header: CubeHeader, layout: ShardLayout): BronzeReader {
  const pixelBytes = layout.tileLineCount * layout.sampleCount;
  const reflectance = new ShardReader(store, `${rootKey}/reflectance`, layout, (chunk, where) => {
    const bytes = readBlosc(chunk, pixelBytes * 2, where);
    return new Int16Array(bytes.buffer, bytes.byteOffset, pixelBytes);
  });
  const quality = new ShardReader(store, `${rootKey}/quality`, layout, (chunk, where) =>
    decompress(chunk, pixelBytes, where),
  );
  return {
    header,
    async readLines(range: LineRange): Promise<CubeWindow> {
      const bands = range.bands ?? allBands(layout);
      const lineCount = range.lineEnd - range.lineStart;
      const data = new Int16Array(bands.length * lineCount * layout.sampleCount).fill(packedFill);
      await reflectance.readLines(range, bands, data);
      return { interleave: 'bsq', lineCount, bandCount: bands.length, sampleCount: layout.sampleCount, data };
    },
    async readQuality(range: LineRange): Promise<Uint8Array> {
      const bands = range.bands ?? allBands(layout);
      const bits = new Uint8Array(bands.length * (range.lineEnd - range.lineStart) * layout.sampleCount);
      await quality.readLines(range, bands, bits);
      return bits;
    },
    readLocations: (range) => readLocations(store, rootKey, header, layout, range),
    async close() {},
  };
}

function allBands(layout: ShardLayout): number[] {
  return Array.from({ length: layout.bandCount }, (_, band) => band);
}

async function readLocations(
  store: ObjectStore,
  rootKey: string,
  header: CubeHeader,
  layout: ShardLayout,
  range: LineRange,
): Promise<{ x: Float64Array; y: Float64Array } | null> {
  if (header.georeference?.kind !== 'locations') return null;
  const { sampleCount, tileLineCount } = layout;
  const pixelCount = (range.lineEnd - range.lineStart) * sampleCount;
  const out = { x: new Float64Array(pixelCount).fill(Number.NaN), y: new Float64Array(pixelCount).fill(Number.NaN) };
  for (let tile = Math.floor(range.lineStart / tileLineCount); tile * tileLineCount < range.lineEnd; tile++) {
    for (const [axis, name] of [
      ['x', 'longitude'],
      ['y', 'latitude'],
    ] as const) {
      const key = `${rootKey}/${name}/c/${tile}/0`;
      const { bytes } = await store.get(key, { sizeBytesMax: tileBytesMax });
      const decoded = decompress(bytes, tileLineCount * sampleCount * 8, key);
      const values = new Float64Array(decoded.buffer, decoded.byteOffset, tileLineCount * sampleCount);
      const from = Math.max(range.lineStart, tile * tileLineCount);
      const to = Math.min(range.lineEnd, (tile + 1) * tileLineCount);
      const start = (from - tile * tileLineCount) * sampleCount;
      out[axis].set(values.subarray(start, start + (to - from) * sampleCount), (from - range.lineStart) * sampleCount);
    }
  }
  return out;
}

function decompress(bytes: Uint8Array, decodedBytes: number, where: string): Uint8Array {
  try {
    const out = zstdDecompressSync(bytes, { maxOutputLength: decodedBytes });
    if (out.length !== decodedBytes) throw new RangeError(`${out.length} bytes`);
    // Aligned for any typed array.
    return new Uint8Array(out);
  } catch (cause) {
    throw new FormatError(
      `Expected a chunk of ${decodedBytes} bytes, got bytes that do not decode to it (${where}).`,
      { where },
      cause,
    );
  }
}

async function readCoordinate(
  store: ObjectStore,
  rootKey: string,
  name: string,
  arrays: Readonly<Record<string, unknown>>,
  bandCount: number,
): Promise<Float64Array | Uint8Array | null> {
  if (arrays[name] === undefined) return null;
  const metadata = arraySchema.safeParse(arrays[name]);
  if (!metadata.success || metadata.data.shape.length !== 1 || metadata.data.shape[0] !== bandCount) {
    throw notOurs(rootKey, `coordinate ${name} of ${bandCount} bands`);
  }
  const { bytes } = await store.get(`${rootKey}/${name}/c/0`, { sizeBytesMax: textFileBytesMax });
  const isFloat = metadata.data.data_type === 'float64';
  if (bytes.length !== bandCount * (isFloat ? 8 : 1))
    throw notOurs(rootKey, `coordinate ${name} of ${bandCount} bands`);
  const owned = new Uint8Array(bytes);
  return isFloat ? new Float64Array(owned.buffer) : owned;
}

function georeferenceOf(
  arrays: Readonly<Record<string, unknown>>,
  attributes: Readonly<Record<string, unknown>>,
  rootKey: string,
): Georeference | null {
  const mapping = arraySchema.shape.attributes.safeParse(
    (arrays['spatial_ref'] as { attributes?: unknown } | undefined)?.attributes,
  );
  if (!mapping.success) return null;
  const crs = systemOf(mapping.data, rootKey);
  if (arrays['longitude'] !== undefined) return { kind: 'locations', crs };
  const transform = z.array(z.number()).length(6).safeParse(attributes['spatial:transform']);
  if (!transform.success) throw notOurs(rootKey, 'spatial:transform');
  return { kind: 'affine', crs, transform: transform.data as unknown as AffineTransform };
}

function systemOf(mapping: Readonly<Record<string, unknown>>, rootKey: string): CoordinateSystem {
  if (typeof mapping['epsg_code'] === 'number') return coordinateSystemOfEpsg(mapping['epsg_code']);
  return coordinateSystemOfDefinition(textOf(mapping['crs_wkt']) ?? textOf(mapping['proj4']) ?? '', rootKey);
}

async function readJson(store: ObjectStore, key: string): Promise<unknown> {
  const { bytes } = await store.get(key, { sizeBytesMax: textFileBytesMax });
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new FormatError(`Expected Zarr metadata, got text that is not JSON (${key}).`, { key }, cause);
  }
}

function requirePlausible(
  { bandCount, tileLineCount, sampleCount }: ShardLayout,
  lineCount: number,
  rootKey: string,
): void {
  const isPlausible = bandCount <= bandCountMax && lineCount <= lineCountMax && sampleCount <= sampleCountMax;
  const fits = bandCount * tileLineCount * sampleCount * 2 <= 4 * tileBytesMax;
  if (!isPlausible || !fits) throw notOurs(rootKey, 'dimensions within the limits');
}

function notOurs(rootKey: string, what: string): FormatError {
  return new FormatError(`Expected ${what} in a bronze group, got something else (${rootKey}).`, { key: rootKey });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
