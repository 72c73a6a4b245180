import { z } from 'zod';
import {
  type CoordinateSystem,
  coordinateSystemOfDefinition,
  coordinateSystemOfEpsg,
} from '../../cube/coordinate-system.ts';
import type { CubeHeader, Georeference } from '../../cube/cube.ts';
import { checkCubeShape } from '../../cube/cube-shape.ts';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax, jobResidentBytesMax } from '../../limits.ts';
import { packedFill, packedScale } from '../../radiometry/quality.ts';
import { crsAttribute } from './georeference-attributes.ts';
import { locationArrays } from './location-chunks.ts';
import { readArrayMetadata, type StoredArray } from './read-array-metadata.ts';
import type { ShardLayout } from './shard-layout.ts';

const rootSchema = z.object({
  zarr_format: z.literal(3),
  node_type: z.literal('group'),
  attributes: z.record(z.string(), z.unknown()).default({}),
  consolidated_metadata: z.object({ metadata: z.record(z.string(), z.unknown()) }),
});

/** What the consolidated metadata of a bronze group says, all of it checked. */
export interface BronzeMetadata {
  readonly layout: ShardLayout;
  readonly lineCount: number;
  readonly reflectance: StoredArray;
  readonly quality: StoredArray;
  /** The array of that name, null where the group has none. @throws FormatError when its shape is another */
  readonly coordinate: (name: string, shape: readonly number[]) => StoredArray | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly georeference: Georeference | null;
}

/**
 * @param root Parsed `zarr.json` of the group.
 * @throws FormatError for a group that bronze-group.ts does not write: other arrays, types, chunks or codecs. Disposition: quarantine.
 */
export function readBronzeMetadata(root: unknown, rootKey: string): BronzeMetadata {
  const group = rootSchema.safeParse(root);
  if (!group.success) {
    throw notBronze('a Zarr v3 group with consolidated metadata', group.error.issues[0]!.message, rootKey);
  }
  const { attributes, consolidated_metadata } = group.data;
  const arrays = consolidated_metadata.metadata;
  const coordinate = (name: string, shape: readonly number[]): StoredArray | null => {
    if (!Object.hasOwn(arrays, name)) return null;
    const array = readArrayMetadata(arrays[name], `${rootKey}/${name}`);
    if (!isSameShape(array.shape, shape)) throw notBronze(`${name} of shape ${shape}`, `${array.shape}`, rootKey);
    return array;
  };
  const reflectance = readArrayMetadata(arrays['reflectance'], `${rootKey}/reflectance`);
  const { layout, lineCount } = layoutOf(reflectance, rootKey);
  const quality = readArrayMetadata(arrays['quality'], `${rootKey}/quality`);
  requirePlanes('reflectance', reflectance, 'int16', layout, lineCount, rootKey);
  requirePlanes('quality', quality, 'uint8', layout, lineCount, rootKey);
  requirePacking(reflectance, rootKey);
  const georeference = georeferenceOf(attributes, coordinate, [lineCount, layout.sampleCount], rootKey);
  return { layout, lineCount, reflectance, quality, coordinate, attributes, georeference };
}

/** The cube that a bronze group holds, without what its coordinate arrays tell. */
export function bronzeHeader({ layout, lineCount, attributes, georeference }: BronzeMetadata): CubeHeader {
  return {
    format: 'zarr',
    lineCount,
    sampleCount: layout.sampleCount,
    bandCount: layout.bandCount,
    sampleType: 'int16',
    interleave: 'bsq',
    quantity: 'reflectance',
    wavelengthNm: null,
    fwhmNm: null,
    goodBands: null,
    bandNames: null,
    fillValue: packedFill,
    scale: { factor: packedScale, offset: 0, source: 'scale_factor' },
    georeference,
    acquiredAt: textOf(attributes['cubelake:acquired_at']),
    integrationTimeMs: null,
    saturationLevel: null,
    sensorId: textOf(attributes['cubelake:sensor_id']),
    missing: [],
    warnings: [],
  };
}

function layoutOf(reflectance: StoredArray, rootKey: string): { layout: ShardLayout; lineCount: number } {
  const { shape, objectShape } = reflectance;
  if (shape.length !== 3 || objectShape.length !== 3) {
    throw notBronze('reflectance with the axes band, y, x', `${shape.length} axes`, rootKey);
  }
  const [bandCount, lineCount, sampleCount] = shape as [number, number, number];
  checkCubeShape({ bandCount, lineCount, sampleCount }, rootKey);
  const tileLineCount = objectShape[1]!;
  const planeBytes = tileLineCount * sampleCount * Float64Array.BYTES_PER_ELEMENT;
  const tileBytes = tileLineCount * sampleCount * bandCount * Int16Array.BYTES_PER_ELEMENT;
  if (planeBytes > decodedChunkBytesMax || tileBytes > jobResidentBytesMax) {
    throw notBronze('tiles that fit a job', `${tileBytes} bytes in ${tileLineCount} lines`, rootKey);
  }
  return { layout: { bandCount, tileLineCount, sampleCount }, lineCount };
}

/** One shard per tile of lines, one chunk per band in it. */
function requirePlanes(
  name: string,
  array: StoredArray,
  dataType: string,
  { bandCount, tileLineCount, sampleCount }: ShardLayout,
  lineCount: number,
  rootKey: string,
): void {
  const isOurs =
    array.dataType === dataType &&
    isSameShape(array.shape, [bandCount, lineCount, sampleCount]) &&
    isSameShape(array.objectShape, [bandCount, tileLineCount, sampleCount]) &&
    array.chunkShape !== null &&
    isSameShape(array.chunkShape, [1, tileLineCount, sampleCount]);
  if (isOurs) return;
  throw notBronze(
    `${name} as ${dataType} [${bandCount}, ${lineCount}, ${sampleCount}], a shard per tile of lines and a chunk per band`,
    `${array.dataType} [${array.shape}] in shards of [${array.objectShape}] and chunks of [${array.chunkShape ?? 'none'}]`,
    rootKey,
  );
}

function requirePacking({ attributes }: StoredArray, rootKey: string): void {
  const { scale_factor: factor, add_offset: offset = 0, _FillValue: fill } = attributes;
  if (factor === packedScale && offset === 0 && fill === packedFill) return;
  throw notBronze(
    `scale_factor ${packedScale}, add_offset 0 and _FillValue ${packedFill}`,
    `${factor}, ${offset} and ${fill}`,
    rootKey,
  );
}

const transformSchema = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);
const crsSchema = z.object({ epsg: z.number().int().nullable(), definition: z.string().max(100_000) });

function georeferenceOf(
  attributes: Readonly<Record<string, unknown>>,
  coordinate: BronzeMetadata['coordinate'],
  shape: readonly number[],
  rootKey: string,
): Georeference | null {
  const crs = crsOf(attributes, rootKey);
  if (crs === null) return null;
  if (attributes['spatial:transform'] !== undefined) {
    const transform = transformSchema.safeParse(attributes['spatial:transform']);
    if (transform.success) return { kind: 'affine', crs, transform: transform.data };
    throw notBronze('spatial:transform with six numbers', JSON.stringify(attributes['spatial:transform']), rootKey);
  }
  const hasLocations = locationArrays(crs).every((name) => coordinate(name, shape) !== null);
  return hasLocations ? { kind: 'locations', crs } : null;
}

function crsOf(attributes: Readonly<Record<string, unknown>>, rootKey: string): CoordinateSystem | null {
  const own = crsSchema.safeParse(attributes[crsAttribute]);
  if (own.success) return { ...coordinateSystemOfDefinition(own.data.definition, rootKey), epsg: own.data.epsg };
  const code = /^EPSG:(\d+)$/.exec(textOf(attributes['proj:code']) ?? '');
  return code === null ? null : coordinateSystemOfEpsg(Number(code[1]));
}

function notBronze(expected: string, got: string, rootKey: string): FormatError {
  return new FormatError(`Expected ${expected}, got ${got} (${rootKey}). Open a group that cubelake calibrate wrote.`, {
    key: rootKey,
  });
}

function isSameShape(shape: readonly number[], wanted: readonly number[]): boolean {
  return shape.length === wanted.length && shape.every((count, axis) => count === wanted[axis]);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
