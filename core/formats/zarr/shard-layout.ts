/**
 * How the two band planes of a tile become Zarr shards. Array shape [bands, lines, samples]; one shard object per tile of
 * lines; inside it one chunk per band, so that an index of three bands reads three chunks and a spectrum one shard.
 */
export interface ShardLayout {
  readonly bandCount: number;
  readonly tileLineCount: number;
  readonly sampleCount: number;
}

/** Pixels of one inner chunk. */
export function chunkPixelCount(layout: ShardLayout): number {
  return layout.tileLineCount * layout.sampleCount;
}

/** Bytes of the chunk index at the end of a shard: offset and length of each chunk, then CRC-32C. */
export function indexBytes(layout: ShardLayout): number {
  return layout.bandCount * 16 + 4;
}

export function shardKey(rootKey: string, array: 'reflectance' | 'quality', tileIndex: number): string {
  return `${rootKey}/${array}/c/0/${tileIndex}/0`;
}

/** Offset and length of a chunk that is not stored: all its values are the fill value. */
export const absentChunk = 0xffffffffffffffffn;
