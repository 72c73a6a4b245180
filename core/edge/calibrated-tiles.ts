import type { CubeHeader, CubeReader } from '../cube/cube.ts';
import { positionsOf } from '../cube/georeference.ts';
import { sampleBytes } from '../cube/sample-array.ts';
import { FormatError } from '../errors.ts';
import { windowBytesMax } from '../limits.ts';
import type { CubePlots } from '../pipeline/cube/cube-plots.ts';
import { tileMemory, tileValuesBytes } from '../pipeline/cube/tile-memory.ts';
import { type TileGrid, tileGridOf, tileRange } from '../pipeline/cube/tile-setup.ts';
import { tilePlanes } from '../pipeline/cube/tile-source.ts';
import { plotsOfPixels } from '../plots/plots-of-pixels.ts';
import type { CalibratedTile, CalibrationKernel } from '../ports/calibration-kernel.ts';
import type { CalibrationCoefficients } from '../radiometry/coefficients.ts';
import { plainRowsKernel } from '../radiometry/plain-rows.ts';
import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';
import { type EdgeTile, edgeTileOf } from './edge-tile.ts';

/**
 * Tiles of whole cells, as large as the pipeline's own allow.
 * @throws FormatError when the lines of one cell are more than a reader may hold. Disposition: quarantine.
 */
export function edgeGridOf(header: CubeHeader, cellSize: number, where: string): TileGrid {
  const grid = tileGridOf(header);
  const wholeCells = Math.max(cellSize, Math.floor(grid.tileLineCount / cellSize) * cellSize);
  const tileLineCount = Math.min(wholeCells, header.lineCount);
  const lineBytes = header.bandCount * header.sampleCount * Math.max(2, sampleBytes[header.sampleType]);
  const stripBytes = tileLineCount * lineBytes;
  if (cellSize > 1 && stripBytes > windowBytesMax) {
    throw new FormatError(
      `Expected a strip of cells of at most ${windowBytesMax} bytes, got ${stripBytes} (${where}, cell size ${cellSize}). Give a --cell-size of at most ${Math.max(1, Math.floor(windowBytesMax / lineBytes))}.`,
      { where, cellSize },
    );
  }
  return { ...grid, tileLineCount };
}

/** Reads and calibrates tiles of one cube with the pipeline's own kernel. A tile is valid until the next is read. */
export class CalibratedTiles {
  readonly #reader: CubeReader;
  readonly #grid: TileGrid;
  readonly #plots: CubePlots | null;
  readonly #indices: readonly ResolvedIndex[];
  readonly #tile: CalibratedTile;
  readonly #target: Uint8Array<ArrayBuffer>;
  readonly #kernel: CalibrationKernel;

  constructor(
    reader: CubeReader,
    coefficients: CalibrationCoefficients,
    grid: TileGrid,
    { plots, indices }: { plots: CubePlots | null; indices: readonly ResolvedIndex[] },
  ) {
    const memory = tileMemory(grid);
    this.#reader = reader;
    this.#grid = grid;
    this.#plots = plots;
    this.#indices = indices;
    this.#tile = tilePlanes(grid, memory);
    this.#target = memory.bytes(tileValuesBytes(grid));
    this.#kernel = plainRowsKernel(memory, coefficients, this.#tile);
  }

  async read(tileIndex: number): Promise<EdgeTile> {
    const range = tileRange(this.#grid, tileIndex);
    const { sampleCount } = this.#grid;
    const window = await this.#reader.readLines({ ...range, target: this.#target });
    await this.#kernel(window, this.#tile);
    const lineCount = range.lineEnd - range.lineStart;
    const place = {
      lineStart: range.lineStart,
      lineCount,
      sampleCount,
      plotOfPixel: await this.#plotOfPixel(range, lineCount * sampleCount),
    };
    return edgeTileOf(this.#tile, place, this.#indices);
  }

  async #plotOfPixel(range: { lineStart: number; lineEnd: number }, pixelCount: number): Promise<Int32Array | null> {
    const { georeference } = this.#reader.header;
    if (this.#plots === null || georeference === null) return null;
    const locations = await this.#reader.readLocations(range);
    const positions = positionsOf(georeference, { ...range, sampleCount: this.#grid.sampleCount }, locations);
    return plotsOfPixels(this.#plots.placed, georeference, positions, pixelCount);
  }
}
