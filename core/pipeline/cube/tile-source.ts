import type { CubeReader } from '../../cube/cube.ts';
import type { BronzeReader } from '../../formats/zarr/bronze-reader.ts';
import type { KernelMemory } from '../../kernels/kernel-memory.ts';
import type { CalibratedTile, CalibrationKernel } from '../../ports/calibration-kernel.ts';
import type { CalibrationCoefficients } from '../../radiometry/coefficients.ts';
import { plainRowsKernel } from '../../radiometry/plain-rows.ts';
import type { BronzeTileWriter, PixelLocations } from './bronze-tiles.ts';
import { deviceFirst } from './device-first.ts';
import { tileValuesBytes } from './tile-memory.ts';
import type { StoredTile, TileGrid, TileRange, TileSetup } from './tile-setup.ts';

export interface SourceTile {
  readonly tile: CalibratedTile;
  readonly locations: PixelLocations | null;
  /** What the source has stored of an earlier tile since the last read. */
  readonly stored: StoredTile | null;
}

/** Gives the calibrated planes of a tile: from the raw cube through the kernel, or from bronze as it is. */
export interface TileSource {
  /** Planes are [bands, lines, samples] without gaps; they are the caller's to change until the next read. */
  read(range: TileRange): Promise<SourceTile>;
  /** Settles when all that the source itself writes of its tiles is stored. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Calibrates the raw cube's tiles and writes them to bronze on the way.
 * @param memory From `tileMemory`: raw counts are read into it and the packed planes lie in it.
 * @param device Calibrates instead of the CPU as long as it can.
 * @param step As in `ProcessContext`.
 */
export function rawTileSource(
  grid: TileGrid,
  reader: CubeReader,
  coefficients: CalibrationCoefficients,
  memory: KernelMemory,
  bronze: BronzeTileWriter,
  device: CalibrationKernel | null = null,
  step: (label: string) => void = () => {},
): TileSource {
  const tile = tilePlanes(grid, memory);
  const target = memory.bytes(tileValuesBytes(grid));
  const onCpu = plainRowsKernel(memory, coefficients, tile);
  const kernel = device === null ? onCpu : deviceFirst(device, onCpu);
  return {
    async read(range) {
      await kernel(await reader.readLines({ ...range, target }), tile);
      step(`calibrate:${range.tileIndex}`);
      const locations = await reader.readLocations(range);
      const stored = await bronze.writeTile(range.tileIndex, tile, locations);
      return { tile, locations, stored };
    },
    finish: () => bronze.finish(),
    close: () => reader.close(),
  };
}

/** Planes for the tiles of one cube; the packed ones lie in the kernels' memory. */
export function tilePlanes(grid: TileGrid, memory: KernelMemory): CalibratedTile {
  const pixelCount = grid.tileLineCount * grid.sampleCount;
  return {
    packed: new Int16Array(memory.buffer, memory.take(tileValuesBytes(grid)), grid.bandCount * pixelCount),
    quality: new Uint8Array(grid.bandCount * pixelCount),
    pixelQuality: new Uint8Array(pixelCount),
    bandQuality: new Uint8Array(grid.bandCount),
  };
}

export function bronzeTileSource(setup: TileSetup, reader: BronzeReader): TileSource {
  const pixelQuality = new Uint8Array(setup.tileLineCount * setup.sampleCount);
  const bandQuality = new Uint8Array(setup.bandCount);
  return {
    async read(range) {
      const window = await reader.readLines(range);
      const quality = await reader.readQuality(range);
      gatherQuality(quality, setup.goodBands, window.lineCount * window.sampleCount, pixelQuality, bandQuality);
      const tile = { packed: window.data as Int16Array, quality, pixelQuality, bandQuality };
      return { tile, locations: await reader.readLocations(range), stored: null };
    },
    finish: async () => {},
    close: () => reader.close(),
  };
}

function gatherQuality(
  quality: Uint8Array,
  goodBands: Uint8Array,
  pixelCount: number,
  pixelQuality: Uint8Array,
  bandQuality: Uint8Array,
): void {
  pixelQuality.fill(0);
  for (let band = 0; band < goodBands.length; band++) {
    let occurring = 0;
    for (let pixel = 0; pixel < pixelCount; pixel++) {
      const bits = quality[band * pixelCount + pixel]!;
      occurring |= bits;
      if (goodBands[band] === 1) pixelQuality[pixel]! |= bits;
    }
    bandQuality[band] = occurring;
  }
}
