import { type CoordinateSystem, transformer } from '../cube/coordinate-system.ts';
import { GeometryError } from '../errors.ts';
import type { PlotSet, Ring } from './plot-set.ts';

/** Plot polygons in metres, ready to be asked which plot a position lies in. Plain data: it crosses threads. */
export interface PlacedPlots {
  /** Projected, in metres. */
  readonly crs: CoordinateSystem;
  readonly bufferM: number;
  readonly plots: readonly PlacedPlot[];
  readonly bounds: Bounds;
  /** Square grid over the bounds: the plots that touch each cell, so that a pixel is compared with one or two plots. */
  readonly cellM: number;
  readonly columnCount: number;
  readonly rowCount: number;
  readonly cells: readonly (readonly number[])[];
}

export interface PlacedPlot {
  /** Edges of all rings as x0, y0, x1, y1. */
  readonly edges: Float64Array;
  readonly bounds: Bounds;
}

export type Bounds = readonly [minX: number, minY: number, maxX: number, maxY: number];

/** At most this many cells: enough that a cell of a large trial holds one plot, small beside a tile. */
const cellCountMax = 65_536;

/**
 * Projects a plot set to a system in metres.
 * @param crs Projected system of the cube, or the UTM zone of a cube in degrees.
 * @param bufferM Metres to leave off along each plot's edge: border plants and mixed pixels.
 * @throws GeometryError when a position cannot be projected. Disposition: quarantine.
 */
export function placePlots(plotSet: PlotSet, crs: CoordinateSystem, bufferM: number, where: string): PlacedPlots {
  const project = transformer(plotSet.crs, crs);
  const plots = plotSet.plots.map((plot) => {
    const rings = plot.polygons.flat().map((ring) => projectRing(ring, project, `${where}, plot ${plot.plotId}`));
    const edges = Float64Array.from(rings.flatMap(edgesOf));
    return { edges, bounds: boundsOf(edges) };
  });
  const bounds = plots.map((plot) => plot.bounds).reduce(union);
  const width = Math.max(bounds[2] - bounds[0], 1e-3);
  const height = Math.max(bounds[3] - bounds[1], 1e-3);
  const cellM = Math.max(Math.sqrt((width * height) / cellCountMax), Math.max(width, height) / 4096);
  const columnCount = Math.floor(width / cellM) + 1;
  const rowCount = Math.floor(height / cellM) + 1;
  const cells: number[][] = Array.from({ length: columnCount * rowCount }, () => []);
  plots.forEach((plot, index) => {
    const [minX, minY, maxX, maxY] = plot.bounds;
    for (let row = Math.floor((minY - bounds[1]) / cellM); row <= Math.floor((maxY - bounds[1]) / cellM); row++) {
      for (
        let column = Math.floor((minX - bounds[0]) / cellM);
        column <= Math.floor((maxX - bounds[0]) / cellM);
        column++
      ) {
        cells[row * columnCount + column]!.push(index);
      }
    }
  });
  return { crs, bufferM, plots, bounds, cellM, columnCount, rowCount, cells };
}

/**
 * The plot of each position, after the edge buffer.
 * @param x Shape [pixels], in the system of `placed`; NaN = unknown.
 * @param out Position of the plot in the set, -1 where there is none; shape [pixels].
 */
export function assignPlots(
  placed: PlacedPlots,
  x: Float64Array,
  y: Float64Array,
  pixelCount: number,
  out: Int32Array,
): void {
  const [minX, minY, maxX, maxY] = placed.bounds;
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const px = x[pixel]!;
    const py = y[pixel]!;
    out[pixel] = -1;
    if (!(px >= minX && px <= maxX && py >= minY && py <= maxY)) continue;
    const cell = Math.floor((py - minY) / placed.cellM) * placed.columnCount + Math.floor((px - minX) / placed.cellM);
    for (const index of placed.cells[cell]!) {
      if (!contains(placed.plots[index]!.edges, px, py, placed.bufferM)) continue;
      out[pixel] = index;
      break;
    }
  }
}

/** Even-odd rule over all rings, and at least `bufferM` away from every edge. */
function contains(edges: Float64Array, px: number, py: number, bufferM: number): boolean {
  let isInside = false;
  const bufferSquared = bufferM * bufferM;
  for (let at = 0; at < edges.length; at += 4) {
    const x0 = edges[at]!;
    const y0 = edges[at + 1]!;
    const x1 = edges[at + 2]!;
    const y1 = edges[at + 3]!;
    if (y0 > py !== y1 > py && px < ((x1 - x0) * (py - y0)) / (y1 - y0) + x0) isInside = !isInside;
    if (bufferM > 0 && distanceSquared(px, py, x0, y0, x1, y1) < bufferSquared) return false;
  }
  return isInside;
}

function distanceSquared(px: number, py: number, x0: number, y0: number, x1: number, y1: number): number {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const lengthSquared = dx * dx + dy * dy;
  const along = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, ((px - x0) * dx + (py - y0) * dy) / lengthSquared));
  const ex = px - x0 - along * dx;
  const ey = py - y0 - along * dy;
  return ex * ex + ey * ey;
}

function projectRing(ring: Ring, project: (x: number, y: number) => [number, number], at: string): [number, number][] {
  return ring.map(([x, y]) => {
    const [px, py] = project(x, y);
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      throw new GeometryError(`Expected a position that can be projected, got ${x}, ${y} (${at}).`, { at });
    }
    return [px, py];
  });
}

function edgesOf(ring: readonly [number, number][]): number[] {
  const edges: number[] = [];
  ring.forEach(([x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length]!;
    if (x !== nextX || y !== nextY) edges.push(x, y, nextX, nextY);
  });
  return edges;
}

function boundsOf(edges: Float64Array): Bounds {
  let bounds: Bounds = [edges[0]!, edges[1]!, edges[0]!, edges[1]!];
  for (let at = 0; at < edges.length; at += 2)
    bounds = union(bounds, [edges[at]!, edges[at + 1]!, edges[at]!, edges[at + 1]!]);
  return bounds;
}

function union(a: Bounds, b: Bounds): Bounds {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}
