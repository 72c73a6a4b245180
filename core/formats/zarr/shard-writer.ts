import { invariant } from '../../errors.ts';
import type { KernelMemory } from '../../kernels/kernel-memory.ts';
import { packedFill } from '../../radiometry/quality.ts';
import { shufflePairs } from '../blosc/byte-shuffle.ts';
import { bloscOverheadBytesMax, encodeShuffled, encodeStored } from '../blosc/encode-blosc.ts';
import { crc32c } from './crc32c.ts';
import { chunkPixelCount, indexBytes, type ShardLayout } from './shard-layout.ts';

/** Both byte streams of one chunk. */
export function streamsBytes(layout: ShardLayout): number {
  return chunkPixelCount(layout) * 2;
}

/**
 * Encodes the planes of tiles as shards of codec `sharding_indexed`, index at the end. One writer serves one thread; its
 * buffers are used again, so that a result is valid until the next call.
 *
 * Chunks are always whole: where the last tile of a cube has fewer lines, the rest is the fill value.
 */
export class ShardWriter {
  readonly #layout: ShardLayout;
  readonly #shard: Uint8Array;
  readonly #index: DataView;
  readonly #streams: Uint8Array;
  readonly #memory: KernelMemory | null;

  /** @param memory Where the planes lie, if they lie there; takes `streamsBytes` of it. */
  constructor(layout: ShardLayout, memory: KernelMemory | null = null) {
    const chunkBytesMax = chunkPixelCount(layout) * 2 + bloscOverheadBytesMax;
    this.#layout = layout;
    this.#shard = new Uint8Array(layout.bandCount * chunkBytesMax + indexBytes(layout));
    this.#index = new DataView(new ArrayBuffer(indexBytes(layout)));
    const streamBytes = streamsBytes(layout);
    this.#streams = memory === null ? new Uint8Array(streamBytes) : memory.bytes(streamBytes);
    this.#memory = memory;
  }

  /**
   * @param packed Packed reflectance, shape [bands, pixels] without gaps; may be longer.
   * @param pixelCount Pixels of this tile, at most those of a chunk.
   * @param mayBeEmpty True for bands that may hold no value at all; their chunks are left out if so.
   */
  reflectance(packed: Int16Array, pixelCount: number, mayBeEmpty: (band: number) => boolean): Uint8Array {
    this.#requireTile(packed.length, pixelCount);
    let at = 0;
    for (let band = 0; band < this.#layout.bandCount; band++) {
      const start = band * pixelCount;
      const isLeftOut = mayBeEmpty(band) && isFilled(packed, start, start + pixelCount, packedFill);
      const end = isLeftOut ? at : this.#writePairs(packed, start, pixelCount, at);
      writeEntry(this.#index, band, at, end - at);
      at = end;
    }
    return this.#appendIndex(at);
  }

  /**
   * @param quality Quality bits, shape [bands, pixels] without gaps; may be longer.
   * @param pixelCount Pixels of this tile, at most those of a chunk.
   * @param isClean True for bands whose bits are all 0: their chunks are left out, so that clean tiles cost nothing.
   */
  quality(quality: Uint8Array, pixelCount: number, isClean: (band: number) => boolean): Uint8Array {
    this.#requireTile(quality.length, pixelCount);
    let at = 0;
    for (let band = 0; band < this.#layout.bandCount; band++) {
      const start = band * pixelCount;
      const end = isClean(band) ? at : this.#writeBytes(quality.subarray(start, start + pixelCount), at);
      writeEntry(this.#index, band, at, end - at);
      at = end;
    }
    return this.#appendIndex(at);
  }

  #writePairs(values: Int16Array, start: number, count: number, at: number): number {
    const chunkCount = chunkPixelCount(this.#layout);
    shufflePairs(values, start, count, chunkCount, packedFill, this.#streams, this.#memory);
    const frameBytes = encodeShuffled(this.#streams, 2, chunkCount, this.#shard, at);
    if (frameBytes > 0) return at + frameBytes;
    const chunk = new Int16Array(chunkCount).fill(packedFill, count);
    chunk.set(values.subarray(start, start + count));
    return at + encodeStored(new Uint8Array(chunk.buffer), 2, this.#shard, at);
  }

  #writeBytes(values: Uint8Array, at: number): number {
    const chunkCount = chunkPixelCount(this.#layout);
    const chunk = this.#streams.subarray(0, chunkCount);
    chunk.set(values);
    chunk.fill(0, values.length);
    const frameBytes = encodeShuffled(chunk, 1, chunkCount, this.#shard, at);
    return at + (frameBytes > 0 ? frameBytes : encodeStored(chunk, 1, this.#shard, at));
  }

  #appendIndex(at: number): Uint8Array {
    const entriesBytes = this.#layout.bandCount * 16;
    const bytes = new Uint8Array(this.#index.buffer);
    this.#index.setUint32(entriesBytes, crc32c(bytes, 0, entriesBytes), true);
    this.#shard.set(bytes, at);
    return this.#shard.subarray(0, at + bytes.length);
  }

  #requireTile(valueCount: number, pixelCount: number): void {
    const { bandCount } = this.#layout;
    const isTile = pixelCount <= chunkPixelCount(this.#layout) && valueCount >= bandCount * pixelCount;
    invariant(isTile, 'Expected the planes of one tile', { valueCount, pixelCount, bandCount });
  }
}

function isFilled(values: Int16Array, start: number, end: number, fillValue: number): boolean {
  for (let at = start; at < end; at++) if (values[at] !== fillValue) return false;
  return true;
}

/** Offset and size as uint64, below 2^32 because a shard is as large as its tile; all bits set for a chunk left out. */
function writeEntry(index: DataView, band: number, offset: number, sizeBytes: number): void {
  const isLeftOut = sizeBytes === 0;
  const upper = isLeftOut ? -1 : 0;
  index.setInt32(band * 16, isLeftOut ? -1 : offset, true);
  index.setInt32(band * 16 + 4, upper, true);
  index.setInt32(band * 16 + 8, isLeftOut ? -1 : sizeBytes, true);
  index.setInt32(band * 16 + 12, upper, true);
}
