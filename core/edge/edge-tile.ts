import type { CalibratedTile } from '../ports/calibration-kernel.ts';
import { evaluateIndex } from '../spectral-indices/evaluate-index.ts';
import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';

/** One calibrated tile of whole lines, and what its pixels are; shape [pixels] unless said otherwise. */
export interface EdgeTile {
  readonly lineStart: number;
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly bandCount: number;
  /** Shape [bands, pixels], as `CalibratedTile`. */
  readonly packed: Int16Array;
  /** Shape [bands, pixels]. */
  readonly quality: Uint8Array;
  readonly pixelQuality: Uint8Array;
  /** Position of the plot in the plot set, -1 for none; null without plots. */
  readonly plotOfPixel: Int32Array | null;
  /** Values of each index, NaN for none; null for an index that the sensor cannot give. Shape [indices][pixels]. */
  readonly indexPlanes: readonly (Float64Array | null)[];
}

/** Lines and samples of a tile, and the plot of each pixel. */
export type TilePlace = Pick<EdgeTile, 'lineStart' | 'lineCount' | 'sampleCount' | 'plotOfPixel'>;

/** Adds the value of every index at full resolution to a calibrated tile. */
export function edgeTileOf(tile: CalibratedTile, place: TilePlace, indices: readonly ResolvedIndex[]): EdgeTile {
  const pixelCount = place.lineCount * place.sampleCount;
  const indexPlanes = indices.map(({ name, bands }) => {
    if (bands === null) return null;
    const plane = new Float64Array(pixelCount);
    const definition = indexDefinitions.find((candidate) => candidate.name === name)!;
    evaluateIndex(definition, bands, tile.packed, tile.quality, pixelCount, plane);
    return plane;
  });
  return {
    ...place,
    bandCount: tile.bandQuality.length,
    packed: tile.packed,
    quality: tile.quality,
    pixelQuality: tile.pixelQuality,
    indexPlanes,
  };
}
