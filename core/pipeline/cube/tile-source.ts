import type { CubeReader } from '../../cube/cube.ts';
import type { CalibratedTile, CalibrationKernel } from '../../ports/calibration-kernel.ts';
import type { CalibrationCoefficients } from '../../radiometry/coefficients.ts';
import type { TileSetup } from './tile-setup.ts';

/** Gives the calibrated planes of a tile: from the raw cube through the kernel, or from bronze as it is. */
export interface TileSource {
  /** Valid until the next read. Planes are [bands, lines, samples] without gaps. */
  read(range: { lineStart: number; lineEnd: number }): Promise<CalibratedTile>;
  readLocations(range: { lineStart: number; lineEnd: number }): Promise<{ x: Float64Array; y: Float64Array } | null>;
  close(): Promise<void>;
}

/** Takes a calibrated tile before its planes are used further; bronze is written here. */
export type TileSink = (tile: CalibratedTile, range: { lineStart: number; lineEnd: number }) => Promise<void>;

export function tileBuffers({
  tileLineCount,
  sampleCount,
  bandCount,
}: Pick<TileSetup, 'tileLineCount' | 'sampleCount' | 'bandCount'>): CalibratedTile {
  const pixelCount = tileLineCount * sampleCount;
  return {
    packed: new Int16Array(bandCount * pixelCount),
    quality: new Uint8Array(bandCount * pixelCount),
    pixelQuality: new Uint8Array(pixelCount),
    bandQuality: new Uint8Array(bandCount),
  };
}

export function rawTileSource(
  setup: TileSetup,
  reader: CubeReader,
  coefficients: CalibrationCoefficients,
  kernel: CalibrationKernel,
  sink: TileSink,
): TileSource {
  const tile = tileBuffers(setup);
  return {
    async read(range) {
      kernel(await reader.readLines(range), coefficients, tile);
      await sink(tile, range);
      return tile;
    },
    readLocations: (range) => reader.readLocations(range),
    close: () => reader.close(),
  };
}

/** What bronze readers give beside reflectance. */
export interface QualityReader extends CubeReader {
  /** Quality bits, shape [bands, lines, samples]. */
  readQuality(range: { lineStart: number; lineEnd: number }): Promise<Uint8Array>;
}

export function bronzeTileSource(setup: TileSetup, reader: QualityReader): TileSource {
  const pixelQuality = new Uint8Array(setup.tileLineCount * setup.sampleCount);
  const bandQuality = new Uint8Array(setup.bandCount);
  return {
    async read(range) {
      const window = await reader.readLines(range);
      const bits = await reader.readQuality(range);
      const pixelCount = window.lineCount * window.sampleCount;
      const packed = window.data as Int16Array;
      gatherPixelQuality(bits, setup.goodBands, pixelCount, pixelQuality, bandQuality);
      return { packed, quality: bits, pixelQuality, bandQuality };
    },
    readLocations: (range) => reader.readLocations(range),
    close: () => reader.close(),
  };
}

function gatherPixelQuality(
  bits: Uint8Array,
  goodBands: Uint8Array,
  pixelCount: number,
  pixelQuality: Uint8Array,
  bandQuality: Uint8Array,
): void {
  pixelQuality.fill(0);
  for (let band = 0; band < goodBands.length; band++) {
    let occurring = 0;
    for (let pixel = 0; pixel < pixelCount; pixel++) {
      const value = bits[band * pixelCount + pixel]!;
      occurring |= value;
      if (goodBands[band] === 1) pixelQuality[pixel]! |= value;
    }
    bandQuality[band] = occurring;
  }
}
