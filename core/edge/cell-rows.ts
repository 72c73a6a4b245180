import { packedFill, quality } from '../radiometry/quality.ts';
import type { EdgeTile } from './edge-tile.ts';

/** Rows of one tile: a row for each plot in each cell, so that no row mixes two plots. Shape [rows] unless said otherwise. */
export interface CellRows {
  readonly rowCount: number;
  /** Row of each pixel, -1 for a pixel that is in none; shape [pixels]. */
  readonly rowOfPixel: Int32Array;
  /** First line and sample of the cell. */
  readonly line: Int32Array;
  readonly sample: Int32Array;
  /** Position of the plot in the plot set, -1 for none. */
  readonly plot: Int32Array;
  readonly pixelCount: Int32Array;
  /** Quality bits of all pixels of the row together. */
  readonly quality: Int32Array;
}

/**
 * Cells of `cellSize` x `cellSize` pixels, counted from the cube's first line and sample. A pixel without a value in any band
 * is in no row, as in silver.
 *
 * @param isKept Pixels to keep, e.g. vegetation only; null keeps all. Shape [pixels].
 */
export function cellRows(tile: EdgeTile, cellSize: number, isKept: Uint8Array | null): CellRows {
  const { lineStart, lineCount, sampleCount } = tile;
  const pixelCount = lineCount * sampleCount;
  const rowOfPixel = new Int32Array(pixelCount).fill(-1);
  const rows = new GrowingRows();
  const columnCount = Math.ceil(sampleCount / cellSize);
  /** First row of each cell of the present strip; the others of the same cell follow by `rows.next`. */
  const firstRow = new Int32Array(columnCount);
  let strip = -1;
  for (let at = 0, pixel = 0; at < lineCount; at++) {
    const line = lineStart + at;
    const stripOfLine = Math.floor(line / cellSize);
    if (stripOfLine !== strip) {
      strip = stripOfLine;
      firstRow.fill(-1);
    }
    for (let sample = 0; sample < sampleCount; sample++, pixel++) {
      if ((isKept !== null && isKept[pixel] === 0) || !hasValue(tile, pixel, pixelCount)) continue;
      const column = Math.floor(sample / cellSize);
      const plot = tile.plotOfPixel === null ? -1 : tile.plotOfPixel[pixel]!;
      let row = firstRow[column]!;
      while (row >= 0 && rows.plot[row] !== plot) row = rows.next[row]!;
      if (row < 0) {
        row = rows.add(strip * cellSize, column * cellSize, plot, firstRow[column]!);
        firstRow[column] = row;
      }
      rowOfPixel[pixel] = row;
      rows.pixelCount[row]!++;
      rows.quality[row]! |= tile.pixelQuality[pixel]!;
    }
  }
  return {
    rowCount: rows.pixelCount.length,
    rowOfPixel,
    line: Int32Array.from(rows.line),
    sample: Int32Array.from(rows.sample),
    plot: Int32Array.from(rows.plot),
    pixelCount: Int32Array.from(rows.pixelCount),
    quality: Int32Array.from(rows.quality),
  };
}

class GrowingRows {
  readonly line: number[] = [];
  readonly sample: number[] = [];
  readonly plot: number[] = [];
  readonly pixelCount: number[] = [];
  readonly quality: number[] = [];
  readonly next: number[] = [];

  add(line: number, sample: number, plot: number, next: number): number {
    this.line.push(line);
    this.sample.push(sample);
    this.plot.push(plot);
    this.pixelCount.push(0);
    this.quality.push(0);
    return this.next.push(next) - 1;
  }
}

function hasValue({ packed, pixelQuality, bandCount }: EdgeTile, pixel: number, pixelCount: number): boolean {
  if ((pixelQuality[pixel]! & quality.noData) === 0) return true;
  for (let band = 0; band < bandCount; band++) if (packed[band * pixelCount + pixel] !== packedFill) return true;
  return false;
}
