import { transformer } from '../cube/coordinate-system.ts';
import type { Georeference } from '../cube/cube.ts';
import type { PixelPositions } from '../cube/georeference.ts';
import { assignPlots, type PlacedPlots } from './plot-raster.ts';

/** Plot of each pixel, -1 for none. Plots are in metres: in the cube's own system, or in the UTM zone of a cube in degrees. */
export function plotsOfPixels(
  placed: PlacedPlots,
  georeference: Georeference,
  positions: PixelPositions,
  pixelCount: number,
): Int32Array {
  const out = new Int32Array(pixelCount);
  if (placed.crs.definition === georeference.crs.definition) {
    assignPlots(placed, positions.x, positions.y, pixelCount, out);
    return out;
  }
  const project = transformer(georeference.crs, placed.crs);
  const x = new Float64Array(pixelCount);
  const y = new Float64Array(pixelCount);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const isKnown = Number.isFinite(positions.x[pixel]!) && Number.isFinite(positions.y[pixel]!);
    [x[pixel], y[pixel]] = isKnown ? project(positions.x[pixel]!, positions.y[pixel]!) : [Number.NaN, Number.NaN];
  }
  assignPlots(placed, x, y, pixelCount, out);
  return out;
}
