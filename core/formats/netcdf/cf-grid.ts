import {
  type CoordinateSystem,
  coordinateSystemOfDefinition,
  coordinateSystemOfEpsg,
  wgs84,
} from '../../cube/coordinate-system.ts';
import type { AffineTransform } from '../../cube/cube.ts';
import { CubelakeError } from '../../errors.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import { baseName, groupOf, type ListedDataset, nearest } from '../hdf5/list-datasets.ts';
import { numberAttribute, textAttribute } from './cf-attributes.ts';

/** Paths of the 2-D datasets that hold each pixel's position. */
export interface PixelPositions {
  readonly lonPath: string;
  readonly latPath: string;
}

export interface CfGrid {
  readonly crs: CoordinateSystem | null;
  readonly transform: AffineTransform | null;
  readonly positions: PixelPositions | null;
}

/** The plane that a grid is looked for: the variable that names it, and its line and sample axes. */
export interface GridAxes {
  readonly path: string;
  readonly lineCount: number;
  readonly sampleCount: number;
  /** Coordinate variables of the axes; null where there is none. */
  readonly lineScale: string | null;
  readonly sampleScale: string | null;
}

/**
 * Where pixels lie: evenly spaced 1-D coordinates of the axes, else longitude and latitude of each pixel.
 * @source CF conventions 1.11, sections 5.1, 5.2 and 5.6.
 */
export function cfGrid(file: Hdf5File, datasets: readonly ListedDataset[], axes: GridAxes): CfGrid {
  const transform = gridTransform(file, axes);
  if (transform !== null) return { crs: gridSystem(file, axes), transform, positions: null };
  const positions = pixelPositions(datasets, axes);
  return { crs: positions === null ? gridSystem(file, axes) : wgs84, transform: null, positions };
}

function gridTransform(file: Hdf5File, axes: GridAxes): AffineTransform | null {
  if (axes.lineScale === null || axes.sampleScale === null) return null;
  const x = evenSteps(file, axes.sampleScale, axes.sampleCount);
  const y = evenSteps(file, axes.lineScale, axes.lineCount);
  if (x === null || y === null) return null;
  // Coordinates are pixel centres; the transform counts from the corner.
  return [x.step, 0, x.first - x.step / 2, 0, y.step, y.first - y.step / 2];
}

/** Steps may differ by a thousandth: float32 coordinates of large numbers do. */
const stepTolerance = 1e-3;

function evenSteps(file: Hdf5File, path: string, count: number): { first: number; step: number } | null {
  if (file.kind(path) !== 'dataset' || count < 2) return null;
  const { shape, type } = file.describe(path);
  if (type === 'string' || shape.length !== 1 || shape[0] !== count || isBareDimension(file, path)) return null;
  const values = file.readSlice(path, [[0, count]]);
  const first = values[0]!;
  const step = (values[count - 1]! - first) / (count - 1);
  if (!Number.isFinite(step) || step === 0) return null;
  for (let index = 1; index < count; index++) {
    if (!(Math.abs(values[index]! - (first + index * step)) <= Math.abs(step) * stepTolerance)) return null;
  }
  return { first, step };
}

/** netCDF-4 keeps a dimension without coordinates as a dataset of zeros that says so. */
function isBareDimension(file: Hdf5File, path: string): boolean {
  return (textAttribute(file.attributes(path), ['NAME']) ?? '').startsWith('This is a netCDF dimension but not');
}

/** The grid mapping that the variable names; degrees without one are WGS 84. */
function gridSystem(file: Hdf5File, axes: GridAxes): CoordinateSystem | null {
  const name = textAttribute(file.attributes(axes.path), ['grid_mapping'])?.split(/[\s:]/)[0];
  const paths = name === undefined ? [] : [`${groupOf(axes.path)}/${name}`.replace('//', '/'), `/${name}`];
  for (const path of paths) {
    if (file.kind(path) === null) continue;
    const mapping = file.attributes(path);
    const epsg = numberAttribute(mapping, ['epsg_code', 'epsg']);
    const text = textAttribute(mapping, ['crs_wkt', 'spatial_ref', 'proj4', 'proj4_params']);
    const found = firstSystem([
      () => (epsg === null ? null : coordinateSystemOfEpsg(epsg)),
      () => (text === null ? null : coordinateSystemOfDefinition(text, path)),
    ]);
    if (found !== null) return found;
  }
  const isDegrees = (path: string | null, pattern: RegExp) =>
    path !== null && pattern.test(textAttribute(file.attributes(path), ['units']) ?? '');
  const isPlain = isDegrees(axes.sampleScale, /^degrees?_?e/i) && isDegrees(axes.lineScale, /^degrees?_?n/i);
  return isPlain ? wgs84 : null;
}

/** The first system that can be computed with; one that cannot is as good as none. */
function firstSystem(attempts: readonly (() => CoordinateSystem | null)[]): CoordinateSystem | null {
  for (const attempt of attempts) {
    try {
      const system = attempt();
      if (system !== null) return system;
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
    }
  }
  return null;
}

function pixelPositions(datasets: readonly ListedDataset[], axes: GridAxes): PixelPositions | null {
  const planes = datasets.filter(
    ({ shape, type }) =>
      type !== 'string' && shape.length === 2 && shape[0] === axes.lineCount && shape[1] === axes.sampleCount,
  );
  const named = (pattern: RegExp) =>
    nearest(
      planes.filter(({ path }) => pattern.test(baseName(path))),
      axes.path,
    );
  const lon = named(/^lon(gitudes?)?$/i);
  const lat = named(/^lat(itudes?)?$/i);
  return lon === null || lat === null ? null : { lonPath: lon.path, latPath: lat.path };
}

/** Longitude and latitude of a window of lines in degrees; NaN where the file has its fill value or no place on Earth. */
export function readPositions(
  file: Hdf5File,
  positions: PixelPositions,
  lines: readonly [number, number],
  sampleCount: number,
): { x: Float64Array; y: Float64Array } {
  const x = readPlane(file, positions.lonPath, lines, sampleCount, 360);
  const y = readPlane(file, positions.latPath, lines, sampleCount, 90);
  for (let pixel = 0; pixel < x.length; pixel++) {
    if (Number.isNaN(x[pixel]!) || Number.isNaN(y[pixel]!)) x[pixel] = y[pixel] = Number.NaN;
  }
  return { x, y };
}

function readPlane(
  file: Hdf5File,
  path: string,
  lines: readonly [number, number],
  sampleCount: number,
  absMax: number,
): Float64Array {
  const attributes = file.attributes(path);
  const fill = numberAttribute(attributes, ['_FillValue', 'missing_value']);
  const factor = numberAttribute(attributes, ['scale_factor']) ?? 1;
  const offset = numberAttribute(attributes, ['add_offset']) ?? 0;
  const stored = file.readSlice(path, [lines, [0, sampleCount]]);
  const plane = new Float64Array(stored.length);
  for (let pixel = 0; pixel < stored.length; pixel++) {
    const degrees = stored[pixel]! * factor + offset;
    plane[pixel] = stored[pixel] === fill || !(Math.abs(degrees) <= absMax) ? Number.NaN : degrees;
  }
  return plane;
}
