import type { CoordinateSystem } from '../../cube/coordinate-system.ts';
import { shuffleBytes } from '../blosc/byte-shuffle.ts';
import { bloscOverheadBytesMax, encodeShuffled, encodeStored } from '../blosc/encode-blosc.ts';
import { chunkPixelCount, type ShardLayout } from './shard-layout.ts';

/** Names of the two arrays that hold each pixel's own position, in the order x, y. */
export function locationArrays(crs: CoordinateSystem): readonly [x: string, y: string] {
  return crs.isGeographic ? ['longitude', 'latitude'] : ['easting', 'northing'];
}

/** One chunk holds the positions of one tile, shape [tileLineCount, sampleCount]. */
export function locationKey(rootKey: string, array: string, tileIndex: number): string {
  return `${rootKey}/${array}/c/${tileIndex}/0`;
}

/**
 * Encodes one axis of a tile's positions as a chunk.
 * @param values Shape [lines, samples], at most a tile's; NaN = unknown. The rest of the chunk is NaN.
 */
export function encodeLocations(values: Float64Array, layout: ShardLayout): Uint8Array {
  const count = chunkPixelCount(layout);
  const chunk = new Float64Array(count).fill(Number.NaN);
  chunk.set(values.subarray(0, count));
  const bytes = new Uint8Array(chunk.buffer);
  const streams = new Uint8Array(bytes.length);
  shuffleBytes(bytes, 8, count, streams);
  const out = new Uint8Array(bytes.length + bloscOverheadBytesMax);
  const frameBytes = encodeShuffled(streams, 8, count, out, 0);
  return out.subarray(0, frameBytes > 0 ? frameBytes : encodeStored(bytes, 8, out, 0));
}
