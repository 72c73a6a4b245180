import type { Georeference } from '../../cube/cube.ts';
import { packedFill, packedScale, quality } from '../../radiometry/quality.ts';
import { type ArrayMetadata, locationArray, plainArray, shardedArray } from './array-metadata.ts';
import { geoZarrAttributes, gridMappingAttributes } from './georeference-attributes.ts';
import { locationArrays } from './location-chunks.ts';
import type { ShardLayout } from './shard-layout.ts';

/** What a bronze group says of its cube. */
export interface BronzeFacts {
  readonly layout: ShardLayout;
  readonly lineCount: number;
  /** Band centres, shape [bands]; null when unknown (a cube calibrated outside a lake). */
  readonly wavelengthNm: Float64Array | null;
  readonly fwhmNm: Float64Array | null;
  /** 1 = good, shape [bands]. */
  readonly goodBands: Uint8Array;
  readonly georeference: Georeference | null;
  readonly sensorId: string | null;
  /** ISO 8601, UTC. */
  readonly acquiredAt: string | null;
  /** Inputs, method, versions: where the numbers come from. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** An object of the group beside the shards. */
export interface GroupObject {
  /** Relative to the group's root. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Little-endian bytes of a float64 NaN in base64: how xarray writes a float `_FillValue` for Zarr v3. */
const nanFill = 'AAAAAAAA+H8=';

/**
 * All small objects of a bronze group, in the order in which they must be written. The last one, the root's metadata with
 * everything consolidated, is the commit mark: without it the group does not exist.
 *
 * Attributes follow CF-1.11 and, for the georeference, GeoZarr's `proj:` and `spatial:` as well.
 */
export function bronzeGroupObjects(facts: BronzeFacts): GroupObject[] {
  const arrays = arraysOf(facts);
  const objects: GroupObject[] = [];
  const consolidated: Record<string, unknown> = {};
  for (const { name, metadata, data } of arrays) {
    if (data !== null) objects.push({ key: `${name}/c${'/0'.repeat(metadata.shape.length)}`, bytes: data });
    objects.push({ key: `${name}/zarr.json`, bytes: json(metadata) });
    consolidated[name] = metadata;
  }
  const root = {
    zarr_format: 3,
    node_type: 'group',
    attributes: rootAttributes(facts),
    consolidated_metadata: { kind: 'inline', must_understand: false, metadata: consolidated },
  };
  return [...objects, { key: 'zarr.json', bytes: json(root) }];
}

interface GroupArray {
  readonly name: string;
  readonly metadata: ArrayMetadata;
  /** Its one chunk; null for arrays whose chunks are written tile by tile. */
  readonly data: Uint8Array | null;
}

function arraysOf(facts: BronzeFacts): GroupArray[] {
  return [...cubeArrays(facts), ...bandArrays(facts), ...positionArrays(facts)];
}

function cubeArrays(facts: BronzeFacts): GroupArray[] {
  const { layout, lineCount } = facts;
  const shape = [layout.bandCount, lineCount, layout.sampleCount] as const;
  const dimensionNames = ['band', 'y', 'x'];
  const coordinates = coordinateAttributes(facts);
  const reflectance = {
    long_name: 'surface reflectance factor',
    standard_name: 'surface_bidirectional_reflectance',
    units: '1',
    scale_factor: packedScale,
    add_offset: 0,
    _FillValue: packedFill,
    ancillary_variables: 'quality',
    ...coordinates,
  };
  const bits = {
    long_name: 'quality bits of each value, 0 is clean',
    standard_name: 'quality_flag',
    flag_masks: Object.values(quality),
    flag_meanings: Object.keys(quality).map(snakeCase).join(' '),
    ...coordinates,
  };
  const shared = { shape, layout, dimensionNames };
  return [
    {
      name: 'reflectance',
      metadata: shardedArray({ ...shared, dataType: 'int16', fillValue: packedFill, attributes: reflectance }),
      data: null,
    },
    {
      name: 'quality',
      metadata: shardedArray({ ...shared, dataType: 'uint8', fillValue: 0, attributes: bits }),
      data: null,
    },
  ];
}

function bandArrays({ goodBands, wavelengthNm, fwhmNm }: BronzeFacts): GroupArray[] {
  const arrays = [
    perBand('good_band', 'uint8', goodBands, {
      long_name: 'whether the band is usable',
      flag_values: [0, 1],
      flag_meanings: 'bad good',
    }),
  ];
  if (wavelengthNm !== null) {
    const attributes = { standard_name: 'radiation_wavelength', long_name: 'band centre', units: 'nm' };
    arrays.push(perBand('wavelength', 'float64', wavelengthNm, attributes));
  }
  if (fwhmNm !== null) {
    arrays.push(perBand('fwhm', 'float64', fwhmNm, { long_name: 'full width at half maximum', units: 'nm' }));
  }
  return arrays;
}

function perBand(
  name: string,
  dataType: 'float64' | 'uint8',
  values: Float64Array | Uint8Array,
  attributes: Record<string, unknown>,
): GroupArray {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const metadata = plainArray({ shape: [values.length], dataType, dimensionNames: ['band'], attributes });
  return { name, metadata, data };
}

function positionArrays(facts: BronzeFacts): GroupArray[] {
  const { georeference, layout, lineCount } = facts;
  if (georeference === null) return [];
  const gridMapping: GroupArray = {
    name: 'spatial_ref',
    metadata: plainArray({
      shape: [],
      dataType: 'uint8',
      dimensionNames: [],
      attributes: gridMappingAttributes(georeference),
    }),
    data: Uint8Array.of(0),
  };
  const { isGeographic } = georeference.crs;
  if (georeference.kind === 'locations') {
    const shape = [lineCount, layout.sampleCount];
    const arrays = locationArrays(georeference.crs).map((name, axis): GroupArray => {
      const attributes = { ...axisAttributes(axis === 0 ? 'x' : 'y', isGeographic), _FillValue: nanFill };
      return { name, metadata: locationArray({ shape, layout, dimensionNames: ['y', 'x'], attributes }), data: null };
    });
    return [gridMapping, ...arrays];
  }
  const [a, b, c, d, e, f] = georeference.transform;
  // A rotated grid has no coordinate per axis: its positions follow from spatial:transform and GeoTransform.
  if (b !== 0 || d !== 0) return [gridMapping];
  return [
    gridMapping,
    axisArray('x', { count: layout.sampleCount, step: a, origin: c }, isGeographic),
    axisArray('y', { count: lineCount, step: e, origin: f }, isGeographic),
  ];
}

/** Positions of pixel centres along one axis of a grid that is not rotated. */
function axisArray(
  name: 'x' | 'y',
  { count, step, origin }: { count: number; step: number; origin: number },
  isGeographic: boolean,
): GroupArray {
  const values = Float64Array.from({ length: count }, (_, index) => step * (index + 0.5) + origin);
  const attributes = { ...axisAttributes(name, isGeographic), axis: name.toUpperCase() };
  return {
    name,
    metadata: plainArray({ shape: [count], dataType: 'float64', dimensionNames: [name], attributes }),
    data: new Uint8Array(values.buffer),
  };
}

function axisAttributes(name: 'x' | 'y', isGeographic: boolean): Record<string, unknown> {
  if (!isGeographic) return { standard_name: `projection_${name}_coordinate`, units: 'm' };
  return name === 'x'
    ? { standard_name: 'longitude', units: 'degrees_east' }
    : { standard_name: 'latitude', units: 'degrees_north' };
}

function coordinateAttributes({ georeference, wavelengthNm, fwhmNm }: BronzeFacts): Record<string, unknown> {
  const names = [
    ...(wavelengthNm === null ? [] : ['wavelength']),
    ...(fwhmNm === null ? [] : ['fwhm']),
    'good_band',
    ...(georeference?.kind === 'locations' ? locationArrays(georeference.crs) : []),
  ];
  if (georeference === null) return { coordinates: names.join(' ') };
  // Named as a coordinate too, as xarray writes it: opened without options, the cube then knows its system.
  return { coordinates: [...names, 'spatial_ref'].join(' '), grid_mapping: 'spatial_ref' };
}

function rootAttributes(facts: BronzeFacts): Record<string, unknown> {
  const { georeference, sensorId, acquiredAt, layout, lineCount, provenance } = facts;
  const shape = { lineCount, sampleCount: layout.sampleCount };
  return {
    Conventions: 'CF-1.11',
    title: 'Calibrated hyperspectral reflectance',
    ...(acquiredAt !== null && { time_coverage_start: acquiredAt, 'cubelake:acquired_at': acquiredAt }),
    ...(sensorId !== null && { 'cubelake:sensor_id': sensorId }),
    ...(georeference !== null && geoZarrAttributes(georeference, shape)),
    'cubelake:provenance': provenance,
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
