import type { EdgeTile } from '#core/edge/edge-tile.ts';
import type { ResolvedIndex } from '#core/spectral-indices/resolve-index.ts';
import { bandColumns } from '#schemas/band-column.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';

/** Bands at 670 and 800 nm, and nothing else: NDVI is the only index. */
export const wavelengthsNm = [670, 800];
export const columns: readonly (ColumnDefinition | null)[] = bandColumns(wavelengthsNm);
export const ndvi: ResolvedIndex = {
  name: 'ndvi',
  bands: [1, 0],
  distanceNm: 0,
  bandsUsed: 'R800=800.0;R670=670.0',
  nullReason: null,
};

/** A tile from lists, all pixels clean; NDVI from the packed values. */
export function smallTile(tile: {
  lineStart?: number;
  sampleCount: number;
  red: readonly number[];
  nearInfrared: readonly number[];
  plots?: readonly number[];
  quality?: readonly number[];
}): EdgeTile {
  const pixelCount = tile.red.length;
  const bits = Uint8Array.from(tile.quality ?? new Array<number>(pixelCount).fill(0));
  const ndviPlane = Float64Array.from(tile.red, (red, pixel) =>
    bits[pixel] === 0 ? (tile.nearInfrared[pixel]! - red) / (tile.nearInfrared[pixel]! + red) : Number.NaN,
  );
  return {
    lineStart: tile.lineStart ?? 0,
    lineCount: pixelCount / tile.sampleCount,
    sampleCount: tile.sampleCount,
    bandCount: 2,
    packed: Int16Array.from([...tile.red, ...tile.nearInfrared]),
    quality: Uint8Array.from([...bits, ...bits]),
    pixelQuality: bits,
    plotOfPixel: tile.plots === undefined ? null : Int32Array.from(tile.plots),
    indexPlanes: [ndviPlane],
  };
}
