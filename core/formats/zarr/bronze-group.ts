import type { CoordinateSystem } from '../../cube/coordinate-system.ts';
import type { AffineTransform, Georeference } from '../../cube/cube.ts';
import { packedFill, packedScale, quality } from '../../radiometry/quality.ts';
import { type ArrayMetadata, plainArray, shardedArray } from './array-metadata.ts';
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

/** GeoZarr conventions go by uuid; the addresses of their schemas still move. */
const spatialConvention = { uuid: '689b58e2-cf7b-45e0-9fff-9cfc0883d6b4', name: 'spatial:' };
const projConvention = { uuid: 'f17cb550-5864-4468-aeb7-f3180cfb622f', name: 'proj:' };

/**
 * All small objects of a bronze group, in the order in which they must be written. The last one, the root's metadata with
 * everything consolidated, is the commit mark: without it the group does not exist.
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
  const { layout, lineCount, goodBands } = facts;
  const shape = [layout.bandCount, lineCount, layout.sampleCount] as const;
  const coordinates = coordinateAttributes(facts);
  const arrays: GroupArray[] = [
    {
      name: 'reflectance',
      metadata: shardedArray({
        shape,
        layout,
        dataType: 'int16',
        fillValue: packedFill,
        dimensionNames: ['band', 'y', 'x'],
        attributes: {
          long_name: 'surface reflectance factor',
          standard_name: 'surface_bidirectional_reflectance',
          units: '1',
          scale_factor: packedScale,
          add_offset: 0,
          _FillValue: packedFill,
          ...coordinates,
        },
      }),
      data: null,
    },
    {
      name: 'quality',
      metadata: shardedArray({
        shape,
        layout,
        dataType: 'uint8',
        fillValue: 0,
        dimensionNames: ['band', 'y', 'x'],
        attributes: {
          long_name: 'quality bits of each value',
          flag_masks: Object.values(quality),
          flag_meanings: Object.keys(quality).map(snakeCase).join(' '),
          ...coordinates,
        },
      }),
      data: null,
    },
    perBand('good_band', 'uint8', goodBands, { long_name: '1 where the band is usable' }),
  ];
  if (facts.wavelengthNm !== null) {
    const attributes = { standard_name: 'radiation_wavelength', long_name: 'band centre', units: 'nm' };
    arrays.push(perBand('wavelength', 'float64', facts.wavelengthNm, attributes));
  }
  if (facts.fwhmNm !== null) {
    arrays.push(perBand('fwhm', 'float64', facts.fwhmNm, { long_name: 'full width at half maximum', units: 'nm' }));
  }
  return [...arrays, ...positionArrays(facts)];
}

function perBand(
  name: string,
  dataType: 'float64' | 'uint8',
  values: Float64Array | Uint8Array,
  attributes: Record<string, unknown>,
): GroupArray {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    name,
    metadata: plainArray({ shape: [values.length], dataType, dimensionNames: ['band'], attributes }),
    data,
  };
}

function positionArrays({ georeference, layout, lineCount }: BronzeFacts): GroupArray[] {
  if (georeference === null) return [];
  const system: GroupArray = {
    name: 'spatial_ref',
    metadata: plainArray({ shape: [], dataType: 'uint8', dimensionNames: [], attributes: gridMapping(georeference) }),
    data: Uint8Array.of(0),
  };
  if (georeference.kind === 'locations') {
    const location = (name: string, attributes: Record<string, unknown>): GroupArray => ({
      name,
      metadata: plainArray({
        shape: [lineCount, layout.sampleCount],
        chunkShape: [layout.tileLineCount, layout.sampleCount],
        dataType: 'float64',
        dimensionNames: ['y', 'x'],
        attributes,
      }),
      data: null,
    });
    return [
      system,
      location('longitude', { standard_name: 'longitude', units: 'degrees_east' }),
      location('latitude', { standard_name: 'latitude', units: 'degrees_north' }),
    ];
  }
  const [a, b, c, d, e, f] = georeference.transform;
  if (b !== 0 || d !== 0) return [system];
  const axis = (name: 'x' | 'y', count: number, step: number, origin: number): GroupArray => {
    const values = Float64Array.from({ length: count }, (_, index) => origin + (index + 0.5) * step);
    const degrees = georeference.crs.isGeographic;
    const standardName = degrees ? { x: 'longitude', y: 'latitude' }[name] : `projection_${name}_coordinate`;
    const units = degrees ? { x: 'degrees_east', y: 'degrees_north' }[name] : 'm';
    const attributes = { standard_name: standardName, units };
    return {
      name,
      metadata: plainArray({ shape: [count], dataType: 'float64', dimensionNames: [name], attributes }),
      data: new Uint8Array(values.buffer),
    };
  };
  return [system, axis('x', layout.sampleCount, a, c), axis('y', lineCount, e, f)];
}

function coordinateAttributes({ georeference, wavelengthNm, fwhmNm }: BronzeFacts): Record<string, unknown> {
  const names = ['good_band'];
  if (wavelengthNm !== null) names.unshift('wavelength');
  if (fwhmNm !== null) names.push('fwhm');
  if (georeference?.kind === 'locations') names.push('longitude', 'latitude');
  return { coordinates: names.join(' '), ...(georeference !== null && { grid_mapping: 'spatial_ref' }) };
}

function gridMapping(georeference: Georeference): Record<string, unknown> {
  const { crs } = georeference;
  const isText = /\+proj=/.test(crs.definition);
  return {
    ...(isText ? { proj4: crs.definition } : { crs_wkt: crs.definition }),
    ...(crs.epsg !== null && { epsg_code: crs.epsg }),
    ...(georeference.kind === 'affine' && { GeoTransform: gdalOrder(georeference.transform).join(' ') }),
  };
}

function rootAttributes(facts: BronzeFacts): Record<string, unknown> {
  return {
    Conventions: 'CF-1.11',
    title: 'Calibrated hyperspectral reflectance',
    ...(facts.sensorId !== null && { 'cubelake:sensor_id': facts.sensorId }),
    ...(facts.acquiredAt !== null && { 'cubelake:acquired_at': facts.acquiredAt }),
    ...(facts.georeference !== null && geoZarr(facts.georeference, facts)),
    'cubelake:provenance': facts.provenance,
  };
}

function geoZarr(georeference: Georeference, { layout, lineCount }: BronzeFacts): Record<string, unknown> {
  if (georeference.kind === 'locations') return {};
  const [a, b, c, d, e, f] = georeference.transform;
  const xs = [0, a * layout.sampleCount].flatMap((x) => [c + x, c + x + b * lineCount]);
  const ys = [0, d * layout.sampleCount].flatMap((y) => [f + y, f + y + e * lineCount]);
  return {
    zarr_conventions: [spatialConvention, projConvention],
    'spatial:dimensions': ['y', 'x'],
    'spatial:transform': georeference.transform,
    'spatial:shape': [lineCount, layout.sampleCount],
    'spatial:bbox': [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    'spatial:registration': 'pixel',
    ...projOf(georeference.crs),
  };
}

function projOf(crs: CoordinateSystem): Record<string, unknown> {
  if (crs.epsg !== null) return { 'proj:code': `EPSG:${crs.epsg}` };
  return /\+proj=/.test(crs.definition) ? {} : { 'proj:wkt2': crs.definition };
}

/** c, a, b, f, d, e */
function gdalOrder([a, b, c, d, e, f]: AffineTransform): number[] {
  return [c, a, b, f, d, e];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
