import type { PixelPositions } from '../../cube/georeference.ts';
import type { ColumnValues } from '../../formats/parquet/column-values.ts';
import { type EncodedRowGroup, encodeRowGroup, type RowGroupScratch } from '../../formats/parquet/encode-row-group.ts';
import { packedFill, quality } from '../../radiometry/quality.ts';
import type { SilverLayout } from './tile-setup.ts';

/** Columns of one tile before its pixels become rows; shape [pixels] unless said otherwise. */
export interface TilePixels {
  readonly pixelCount: number;
  readonly sampleCount: number;
  readonly lineStart: number;
  /** Shape [bands, pixels]; its planes are compacted in place when some pixels have no row. */
  readonly packed: Int16Array;
  readonly bandCount: number;
  readonly pixelQuality: Uint8Array;
  readonly positions: PixelPositions | null;
  /** Position of the plot in the set, -1 for none; null without plots. */
  readonly plotOfPixel: Int32Array | null;
}

/**
 * Rows of silver.reflectance for one tile: a row per pixel that has a value in at least one band.
 * @returns null when no pixel has one
 */
export function silverRowGroup(
  layout: SilverLayout,
  pixels: TilePixels,
  plotIds: readonly string[],
  scratch: RowGroupScratch,
): EncodedRowGroup | null {
  const kept = pixelsWithValue(pixels);
  const rowCount = kept === null ? pixels.pixelCount : kept.length;
  if (rowCount === 0) return null;
  if (kept !== null) compactPlanes(pixels, kept);
  const values: ColumnValues[] = [...keyColumns(layout, pixels, plotIds, kept, rowCount)];
  for (const band of layout.bandOfColumn) {
    const start = band * pixels.pixelCount;
    values.push({ kind: 'packed', values: pixels.packed.subarray(start, start + rowCount) });
  }
  return encodeRowGroup(layout.columns, values, rowCount, scratch);
}

/** Positions of pixels with a value, or null when all have one. */
function pixelsWithValue(pixels: TilePixels): Int32Array | null {
  const kept = new Int32Array(pixels.pixelCount);
  let count = 0;
  for (let pixel = 0; pixel < pixels.pixelCount; pixel++) {
    const mayBeEmpty = (pixels.pixelQuality[pixel]! & quality.noData) !== 0;
    if (!mayBeEmpty || hasValue(pixels.packed, pixel, pixels.pixelCount, pixels.bandCount)) kept[count++] = pixel;
  }
  return count === pixels.pixelCount ? null : kept.subarray(0, count);
}

function hasValue(packed: Int16Array, pixel: number, pixelCount: number, bandCount: number): boolean {
  for (let band = 0; band < bandCount; band++) if (packed[band * pixelCount + pixel] !== packedFill) return true;
  return false;
}

function compactPlanes(pixels: TilePixels, kept: Int32Array): void {
  for (let band = 0; band < pixels.bandCount; band++) {
    const start = band * pixels.pixelCount;
    for (let row = 0; row < kept.length; row++) pixels.packed[start + row] = pixels.packed[start + kept[row]!]!;
  }
}

/** In the order of schemas/tables.ts silverReflectance. */
function* keyColumns(
  layout: SilverLayout,
  pixels: TilePixels,
  plotIds: readonly string[],
  kept: Int32Array | null,
  rowCount: number,
): Generator<ColumnValues> {
  yield { kind: 'constant', value: layout.farmId };
  yield { kind: 'constant', value: layout.acquisitionDay };
  yield { kind: 'constant', value: layout.acquiredAtMicros };
  yield { kind: 'constant', value: layout.cubeId };
  yield { kind: 'constant', value: layout.processingId };
  yield { kind: 'constant', value: layout.sensorId };
  yield { kind: 'constant', value: 'cloud' };
  const line = new Int32Array(rowCount);
  const sample = new Int32Array(rowCount);
  const bits = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const pixel = kept === null ? row : kept[row]!;
    const lineInTile = (pixel / pixels.sampleCount) | 0;
    line[row] = pixels.lineStart + lineInTile;
    sample[row] = pixel - lineInTile * pixels.sampleCount;
    bits[row] = pixels.pixelQuality[pixel]!;
  }
  yield { kind: 'int32', values: line, validMask: null };
  yield { kind: 'int32', values: sample, validMask: null };
  yield* positionColumns(pixels, kept, rowCount);
  yield plotColumn(pixels.plotOfPixel, plotIds, kept, rowCount);
  yield { kind: 'int32', values: bits, validMask: null };
  yield { kind: 'constant', value: 1 };
}

function* positionColumns(pixels: TilePixels, kept: Int32Array | null, rowCount: number): Generator<ColumnValues> {
  const { positions } = pixels;
  if (positions === null) {
    for (let column = 0; column < 5; column++) yield { kind: 'constant', value: null };
    return;
  }
  for (const axis of [positions.x, positions.y, positions.lon, positions.lat]) {
    yield { kind: 'float64', values: gather(axis, kept, rowCount, new Float64Array(rowCount)) };
  }
  const values = gather(positions.cell, kept, rowCount, new BigInt64Array(rowCount));
  const validMask = gather(positions.cellValid, kept, rowCount, new Uint8Array(rowCount));
  yield { kind: 'int64', values, validMask: validMask.includes(0) ? validMask : null };
}

function plotColumn(
  plotOfPixel: Int32Array | null,
  plotIds: readonly string[],
  kept: Int32Array | null,
  rowCount: number,
): ColumnValues {
  if (plotOfPixel === null) return { kind: 'constant', value: null };
  const codeOf = new Map<number, number>();
  const codes = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const plot = plotOfPixel[kept === null ? row : kept[row]!]!;
    let code = plot < 0 ? -1 : codeOf.get(plot);
    if (code === undefined) {
      code = codeOf.size;
      codeOf.set(plot, code);
    }
    codes[row] = code;
  }
  return { kind: 'codes', dictionary: [...codeOf.keys()].map((plot) => plotIds[plot]!), codes };
}

function gather<T extends Float64Array | BigInt64Array | Uint8Array>(
  from: T,
  kept: Int32Array | null,
  rowCount: number,
  out: T,
): T {
  if (kept === null) return from.subarray(0, rowCount) as T;
  for (let row = 0; row < rowCount; row++) out[row] = from[kept[row]!]!;
  return out;
}
