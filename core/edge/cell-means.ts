import { unusableBits } from '../radiometry/quality.ts';
import type { CellRows } from './cell-rows.ts';
import type { EdgeTile } from './edge-tile.ts';

/** Whole numbers with their own "no value". */
export interface QuantizedColumn {
  /** Value / precision, rounded to the nearest; 0 where there is none. */
  readonly values: Int32Array;
  /** 1 = there is a value. */
  readonly validMask: Uint8Array;
}

/** An index over the pixels of each row, shape [rows]. */
export interface IndexMeans {
  /** Pixels with a value. */
  readonly validCount: Int32Array;
  /** NaN without a value. */
  readonly mean: Float64Array;
  /** n - 1; NaN below two values. */
  readonly sd: Float64Array;
}

/**
 * Mean reflectance of each row in one band, over pixels whose value is usable (no fill, saturation or lost reference).
 * @returns Means in steps of `stepPacked` ten-thousandths.
 */
export function bandMeans(tile: EdgeTile, rows: CellRows, band: number, stepPacked: number): QuantizedColumn {
  const { packed, quality } = tile;
  const { rowOfPixel, rowCount } = rows;
  const start = band * rowOfPixel.length;
  const sums = new Float64Array(rowCount);
  const counts = new Int32Array(rowCount);
  for (let pixel = 0; pixel < rowOfPixel.length; pixel++) {
    const row = rowOfPixel[pixel]!;
    if (row < 0 || (quality[start + pixel]! & unusableBits) !== 0) continue;
    sums[row]! += packed[start + pixel]!;
    counts[row]!++;
  }
  const values = new Int32Array(rowCount);
  const validMask = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    if (counts[row] === 0) continue;
    values[row] = Math.round(sums[row]! / counts[row]! / stepPacked);
    validMask[row] = 1;
  }
  return { values, validMask };
}

/** Mean and standard deviation of the full-resolution values of one index, row by row. */
export function indexMeans(plane: Float64Array, { rowOfPixel, rowCount }: CellRows): IndexMeans {
  const validCount = new Int32Array(rowCount);
  const mean = new Float64Array(rowCount);
  const sd = new Float64Array(rowCount);
  forEachValue(plane, rowOfPixel, (row, value) => {
    validCount[row]!++;
    mean[row]! += value;
  });
  for (let row = 0; row < rowCount; row++)
    mean[row] = validCount[row] === 0 ? Number.NaN : mean[row]! / validCount[row]!;
  forEachValue(plane, rowOfPixel, (row, value) => {
    sd[row]! += (value - mean[row]!) ** 2;
  });
  for (let row = 0; row < rowCount; row++) {
    sd[row] = validCount[row]! < 2 ? Number.NaN : Math.sqrt(sd[row]! / (validCount[row]! - 1));
  }
  return { validCount, mean, sd };
}

function forEachValue(plane: Float64Array, rowOfPixel: Int32Array, visit: (row: number, value: number) => void): void {
  for (let pixel = 0; pixel < rowOfPixel.length; pixel++) {
    const row = rowOfPixel[pixel]!;
    if (row >= 0 && !Number.isNaN(plane[pixel]!)) visit(row, plane[pixel]!);
  }
}

/** NaN becomes "no value". */
export function quantize(values: Float64Array, precision: number): QuantizedColumn {
  const validMask = new Uint8Array(values.length);
  const out = new Int32Array(values.length);
  for (let row = 0; row < values.length; row++) {
    if (Number.isNaN(values[row]!)) continue;
    validMask[row] = 1;
    out[row] = Math.round(values[row]! / precision);
  }
  return { values: out, validMask };
}
