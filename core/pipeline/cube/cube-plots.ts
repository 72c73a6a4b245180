import { transformer, utmSystemAt, wgs84 } from '../../cube/coordinate-system.ts';
import type { CubeHeader, Georeference } from '../../cube/cube.ts';
import { GeometryError, MissingFactError } from '../../errors.ts';
import { type Bounds, type PlacedPlots, placePlots } from '../../plots/plot-raster.ts';
import type { Plot, PlotSet } from '../../plots/plot-set.ts';

/** Plots in the system in which the cube's pixels are compared with them. */
export interface CubePlots {
  readonly plots: readonly Plot[];
  readonly placed: PlacedPlots;
  readonly key: string;
}

/**
 * Projects a plot set for one cube: to the cube's own system where that is in metres, else to the UTM zone of the plots.
 *
 * @throws MissingFactError for a cube without georeference; GeometryError when no plot can lie on the cube. Disposition: quarantine.
 */
export function placeCubePlots(
  header: CubeHeader,
  { plotSet, key }: { plotSet: PlotSet; key: string },
  bufferM: number,
  where: string,
): CubePlots {
  const { georeference } = header;
  if (georeference === null) {
    // A place that was stated but not understood is told with its reason.
    const why = header.warnings.filter((warning) => /map info|coordinate system/i.test(warning)).join(' ');
    throw new MissingFactError(
      `Expected a georeference to place the plots of ${key}, got none (${where}). Give --epsg CODE --transform a,b,c,d,e,f, or georeference in the capture sidecar.${why === '' ? '' : ` ${why}`}`,
      { where },
    );
  }
  const [x, y] = plotSet.plots[0]!.polygons[0]![0]![0]!;
  const [lon, lat] = transformer(plotSet.crs, wgs84)(x, y);
  const crs = georeference.crs.isGeographic ? utmSystemAt(lon, lat) : georeference.crs;
  const placed = placePlots(plotSet, crs, bufferM, key);
  const cubeBounds = boundsOf(georeference, header);
  if (cubeBounds !== null && !overlap(cubeBounds, placed.bounds)) {
    throw noPlotInside(where, key, `the cube covers ${shown(cubeBounds)} and the plots ${shown(placed.bounds)}`);
  }
  return { plots: plotSet.plots, placed, key };
}

export function noPlotInside(where: string, key: string, detail: string): GeometryError {
  return new GeometryError(
    `Expected plots inside the cube, got none: ${detail} (${where}, plots ${key}). Check the coordinate systems of both.`,
    { where, key },
  );
}

/** Bounds of an affine cube in its own system; null where they are not known beforehand or not in metres. */
function boundsOf(georeference: Georeference, { lineCount, sampleCount }: CubeHeader): Bounds | null {
  if (georeference.kind !== 'affine' || georeference.crs.isGeographic) return null;
  const [a, b, c, d, e, f] = georeference.transform;
  const corners = [
    [0, 0],
    [sampleCount, 0],
    [0, lineCount],
    [sampleCount, lineCount],
  ].map(([sample, line]) => [a * sample! + b * line! + c, d * sample! + e * line! + f] as const);
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function overlap(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

function shown([minX, minY, maxX, maxY]: Bounds): string {
  return `x ${minX.toFixed(0)}..${maxX.toFixed(0)} y ${minY.toFixed(0)}..${maxY.toFixed(0)}`;
}
