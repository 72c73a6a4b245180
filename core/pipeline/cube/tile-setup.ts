import type { ObjectVersion } from '#schemas/manifest.ts';
import type { CubeOverrides, Georeference } from '../../cube/cube.ts';
import { InvariantError } from '../../errors.ts';
import type { EncodedRowGroup } from '../../formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '../../formats/parquet/parquet-column.ts';
import { tileBytesMax, tileLineCountMax } from '../../limits.ts';
import type { PlacedPlots } from '../../plots/plot-raster.ts';
import type { CalibrationCoefficients } from '../../radiometry/coefficients.ts';
import type { ResolvedIndex } from '../../spectral-indices/resolve-index.ts';

/** How a cube is cut into tiles of lines. */
export interface TileGrid {
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly bandCount: number;
  readonly tileLineCount: number;
}

/** Everything that a worker needs to process the tiles of one cube. Plain data: it crosses threads. */
export interface TileSetup extends TileGrid {
  readonly source: CubeSource | BronzeSource;
  readonly goodBands: Uint8Array;
  readonly georeference: Georeference | null;
  readonly placed: PlacedPlots | null;
  /** Plot ids in the order of `placed.plots`. */
  readonly plotIds: readonly string[];
  readonly indices: readonly ResolvedIndex[];
  readonly silver: SilverLayout;
}

export interface CubeSource {
  readonly kind: 'cube';
  readonly parts: readonly { readonly key: string; readonly etag: string }[];
  readonly overrides: CubeOverrides;
  readonly coefficients: CalibrationCoefficients;
  /** Where the shards go. */
  readonly bronzeRootKey: string;
}

export interface BronzeSource {
  readonly kind: 'bronze';
  readonly bronzeRootKey: string;
}

export interface SilverLayout {
  readonly columns: readonly ParquetColumn[];
  /** Band of each band column, in column order after the key columns. */
  readonly bandOfColumn: readonly number[];
  readonly farmId: string;
  readonly acquisitionDay: number;
  readonly acquiredAtMicros: bigint | null;
  readonly cubeId: string;
  readonly processingId: string;
  readonly sensorId: string | null;
}

/** Half-open lines [lineStart, lineEnd) of one tile. */
export interface TileRange {
  readonly tileIndex: number;
  readonly lineStart: number;
  readonly lineEnd: number;
}

export interface TileResult {
  readonly tileIndex: number;
  /** null when no pixel of the tile has a value. */
  readonly rowGroup: EncodedRowGroup | null;
  /** Plot of each pixel that lies in one: position in the plot set. */
  readonly plotOfPixel: Int32Array;
  /** Index values of the same pixels, shape [indices, pixels]; NaN where there is none. */
  readonly indexValues: Float64Array;
  readonly counts: PixelCounts;
  /** Bronze of an earlier tile, which is stored now; null where nothing more is known to be. */
  readonly stored: StoredTile | null;
}

/** All objects that one tile has in bronze. */
export interface StoredTile {
  readonly tileIndex: number;
  readonly objects: readonly ObjectVersion[];
}

export interface PixelCounts {
  readonly pixelCount: number;
  /** Pixels with a value in at least one band: rows of silver. */
  readonly rowCount: number;
  readonly saturatedPixelCount: number;
  readonly lowReferencePixelCount: number;
}

/** Tiles such that their packed planes stay within core/limits `tileBytesMax`. */
export function tileGridOf({ lineCount, sampleCount, bandCount }: Omit<TileGrid, 'tileLineCount'>): TileGrid {
  const lineBytes = bandCount * sampleCount * 2;
  const tileLineCount = Math.max(1, Math.min(tileLineCountMax, lineCount, Math.floor(tileBytesMax / lineBytes)));
  return { lineCount, sampleCount, bandCount, tileLineCount };
}

export function tileRange(grid: TileGrid, tileIndex: number): TileRange {
  const lineStart = tileIndex * grid.tileLineCount;
  if (lineStart >= grid.lineCount) throw new InvariantError('Expected a tile inside the cube', { tileIndex });
  return { tileIndex, lineStart, lineEnd: Math.min(grid.lineCount, lineStart + grid.tileLineCount) };
}

export function tileCountOf(grid: TileGrid): number {
  return Math.ceil(grid.lineCount / grid.tileLineCount);
}
