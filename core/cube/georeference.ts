import { invariant } from '../errors.ts';
import { transformer, wgs84 } from './coordinate-system.ts';
import type { AffineTransform, Georeference } from './cube.ts';
import { mortonCells } from './morton-cell.ts';

/** Pixel centres of a window, each of shape [lines, samples]. NaN = unknown. */
export interface PixelPositions {
  /** In the georeference's system. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** WGS 84 degrees. */
  readonly lon: Float64Array;
  readonly lat: Float64Array;
  /** Morton code of lon and lat (morton-cell.ts). */
  readonly cell: BigInt64Array;
  /** 1 = the position is known. */
  readonly cellValid: Uint8Array;
}

export interface PixelWindow {
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly sampleCount: number;
}

type Projection = (x: number, y: number) => [number, number];

/** Affine grids are projected at every 16th pixel and interpolated between. */
const controlStepCount = 16;

/**
 * Positions of pixel centres in the cube's own system and in WGS 84.
 *
 * Longitude and latitude of an affine grid are exact at every 16th line and sample of the cube, whatever the window, and
 * bilinear between. Against projecting every pixel that costs at most
 *   (16 * pixel)^2 / 8 * (1 + 2 * tan|latitude|) / earth radius
 * : 3e-5 of a pixel for pixels of 1 m at 70 degrees, 2e-3 for pixels of 60 m. The two bends of a projected grid over the
 * sphere, of meridians and of parallels, are both of the order tan(latitude) / radius.
 *
 * @param locations Positions that the file gives for each pixel, shape [lines, samples]; only for `kind: 'locations'`.
 */
export function positionsOf(
  georeference: Georeference,
  window: PixelWindow,
  locations: { readonly x: Float64Array; readonly y: Float64Array } | null,
): PixelPositions {
  const pixelCount = (window.lineEnd - window.lineStart) * window.sampleCount;
  const lon = new Float64Array(pixelCount);
  const lat = new Float64Array(pixelCount);
  const isWgs84 = georeference.crs.definition === wgs84.definition;
  const project = transformer(georeference.crs, wgs84);
  let x: Float64Array;
  let y: Float64Array;
  if (georeference.kind === 'affine') {
    x = new Float64Array(pixelCount);
    y = new Float64Array(pixelCount);
    affinePositions(georeference.transform, window, x, y);
    if (!isWgs84) interpolateDegrees(georeference.transform, window, project, lon, lat);
  } else {
    invariant(locations !== null && locations.x.length >= pixelCount, 'Expected a position for each pixel');
    x = locations.x.slice(0, pixelCount);
    y = locations.y.slice(0, pixelCount);
    if (!isWgs84) projectEach(x, y, project, lon, lat);
  }
  if (isWgs84) {
    lon.set(x);
    lat.set(y);
  }
  const cell = new BigInt64Array(pixelCount);
  const cellValid = new Uint8Array(pixelCount);
  mortonCells(lon, lat, pixelCount, cell, cellValid);
  return { x, y, lon, lat, cell, cellValid };
}

function affinePositions(transform: AffineTransform, window: PixelWindow, x: Float64Array, y: Float64Array): void {
  const [a, b, c, d, e, f] = transform;
  let pixel = 0;
  for (let line = window.lineStart; line < window.lineEnd; line++) {
    for (let sample = 0; sample < window.sampleCount; sample++, pixel++) {
      x[pixel] = a * (sample + 0.5) + b * (line + 0.5) + c;
      y[pixel] = d * (sample + 0.5) + e * (line + 0.5) + f;
    }
  }
}

function projectEach(
  x: Float64Array,
  y: Float64Array,
  project: Projection,
  lon: Float64Array,
  lat: Float64Array,
): void {
  for (let pixel = 0; pixel < x.length; pixel++) projectInto(x[pixel]!, y[pixel]!, project, lon, lat, pixel);
}

/** NaN where the position is unknown or lies outside what the projection maps. */
function projectInto(
  x: number,
  y: number,
  project: Projection,
  lon: Float64Array,
  lat: Float64Array,
  at: number,
): void {
  const [east, north] = Number.isFinite(x) && Number.isFinite(y) ? project(x, y) : [Number.NaN, Number.NaN];
  const isKnown = Number.isFinite(east) && Number.isFinite(north);
  lon[at] = isKnown ? east : Number.NaN;
  lat[at] = isKnown ? north : Number.NaN;
}

/** Projected positions of control points, shape [rows, columns], and where they lie in the cube. */
interface ControlGrid {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly columnCount: number;
  readonly lon: Float64Array;
  readonly lat: Float64Array;
}

function interpolateDegrees(
  transform: AffineTransform,
  window: PixelWindow,
  project: Projection,
  lon: Float64Array,
  lat: Float64Array,
): void {
  const grid = controlGrid(transform, window, project);
  for (let row = 0; row < grid.rowCount - 1; row++) {
    for (let column = 0; column < grid.columnCount - 1; column++) {
      const lineFrom = (grid.firstRow + row) * controlStepCount;
      const sampleFrom = column * controlStepCount;
      const cell = {
        lineStart: Math.max(window.lineStart, lineFrom),
        lineEnd: Math.min(window.lineEnd, lineFrom + controlStepCount),
        sampleStart: sampleFrom,
        sampleEnd: Math.min(window.sampleCount, sampleFrom + controlStepCount),
      };
      const at = row * grid.columnCount + column;
      if (isSmoothCell(grid, at)) interpolateCell(grid, at, window, cell, lon, lat);
      else projectCell(transform, window, cell, project, lon, lat);
    }
  }
}

/** Control lines are those of the cube, so that a pixel has the same position in every window. */
function controlGrid(
  [a, b, c, d, e, f]: AffineTransform,
  { lineStart, lineEnd, sampleCount }: PixelWindow,
  project: Projection,
): ControlGrid {
  const firstRow = Math.floor(lineStart / controlStepCount);
  const rowCount = Math.floor((lineEnd - 1) / controlStepCount) - firstRow + 2;
  const columnCount = Math.floor((sampleCount - 1) / controlStepCount) + 2;
  const lon = new Float64Array(columnCount * rowCount);
  const lat = new Float64Array(columnCount * rowCount);
  for (let row = 0; row < rowCount; row++) {
    const line = (firstRow + row) * controlStepCount + 0.5;
    for (let column = 0; column < columnCount; column++) {
      const sample = column * controlStepCount + 0.5;
      const at = row * columnCount + column;
      projectInto(a * sample + b * line + c, d * sample + e * line + f, project, lon, lat, at);
    }
  }
  return { firstRow, rowCount, columnCount, lon, lat };
}

/** Pixels between four control points, half-open. */
interface ControlCell {
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly sampleStart: number;
  readonly sampleEnd: number;
}

function interpolateCell(
  grid: ControlGrid,
  at: number,
  window: PixelWindow,
  cell: ControlCell,
  lon: Float64Array,
  lat: Float64Array,
): void {
  for (let line = cell.lineStart; line < cell.lineEnd; line++) {
    const v = (line % controlStepCount) / controlStepCount;
    let pixel = (line - window.lineStart) * window.sampleCount + cell.sampleStart;
    for (let sample = cell.sampleStart; sample < cell.sampleEnd; sample++, pixel++) {
      const u = (sample % controlStepCount) / controlStepCount;
      lon[pixel] = bilinear(grid.lon, at, grid.columnCount, u, v);
      lat[pixel] = bilinear(grid.lat, at, grid.columnCount, u, v);
    }
  }
}

function projectCell(
  [a, b, c, d, e, f]: AffineTransform,
  window: PixelWindow,
  cell: ControlCell,
  project: Projection,
  lon: Float64Array,
  lat: Float64Array,
): void {
  for (let line = cell.lineStart; line < cell.lineEnd; line++) {
    let pixel = (line - window.lineStart) * window.sampleCount + cell.sampleStart;
    for (let sample = cell.sampleStart; sample < cell.sampleEnd; sample++, pixel++) {
      const [s, l] = [sample + 0.5, line + 0.5];
      projectInto(a * s + b * l + c, d * s + e * l + f, project, lon, lat, pixel);
    }
  }
}

/** False where longitude jumps from 180 to -180 within a cell, or a corner has no position: nothing to interpolate there. */
function isSmoothCell({ lon, columnCount }: ControlGrid, at: number): boolean {
  const [a, b, c, d] = [lon[at]!, lon[at + 1]!, lon[at + columnCount]!, lon[at + columnCount + 1]!];
  return Math.max(a, b, c, d) - Math.min(a, b, c, d) < 90;
}

function bilinear(grid: Float64Array, at: number, columnCount: number, u: number, v: number): number {
  const upper = grid[at]! + u * (grid[at + 1]! - grid[at]!);
  const lower = grid[at + columnCount]! + u * (grid[at + columnCount + 1]! - grid[at + columnCount]!);
  return upper + v * (lower - upper);
}
