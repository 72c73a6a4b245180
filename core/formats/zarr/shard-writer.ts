import { constants, zstdCompressSync } from 'node:zlib';
import { packedFill } from '../../radiometry/quality.ts';
import { bloscBytesMax, bloscScratch, writeBloscInt16 } from './blosc.ts';
import { crc32c } from './crc32c.ts';
import { absentChunk, chunkPixelCount, indexBytes, type ShardLayout } from './shard-layout.ts';

/**
 * Encodes the planes of tiles as shards of codec `sharding_indexed`, index at the end. Buffers are reused: a result is
 * valid until the next call of the same method.
 */
export class ShardWriter {
  readonly #layout: ShardLayout;
  readonly #reflectance: Uint8Array;
  readonly #blosc: { low: Uint8Array; high: Uint8Array };
  readonly #padded: Int16Array;
  readonly #paddedQuality: Uint8Array;

  constructor(layout: ShardLayout) {
    const pixelCount = chunkPixelCount(layout);
    this.#layout = layout;
    this.#reflectance = new Uint8Array(layout.bandCount * bloscBytesMax(pixelCount, 2) + indexBytes(layout));
    this.#blosc = bloscScratch(pixelCount);
    this.#padded = new Int16Array(pixelCount);
    this.#paddedQuality = new Uint8Array(pixelCount);
  }

  /**
   * @param packed Packed reflectance, shape [bands, pixels]; the last tile may have fewer pixels than a chunk and is
   *   filled up with "no value".
   * @param mayBeEmpty True for bands that may hold no value at all; their chunks are left out if so.
   */
  reflectance(packed: Int16Array, pixelCount: number, mayBeEmpty: (band: number) => boolean): Uint8Array {
    const { bandCount } = this.#layout;
    const out = this.#reflectance;
    const index = new BigUint64Array(bandCount * 2).fill(absentChunk);
    let position = 0;
    for (let band = 0; band < bandCount; band++) {
      const plane = packed.subarray(band * pixelCount, (band + 1) * pixelCount);
      if (mayBeEmpty(band) && plane.every((value) => value === packedFill)) continue;
      const end = writeBloscInt16(this.#full(plane), this.#blosc, out, position);
      index[band * 2] = BigInt(position);
      index[band * 2 + 1] = BigInt(end - position);
      position = end;
    }
    return out.subarray(0, writeIndex(index, out, position));
  }

  /**
   * @param quality Quality bits, shape [bands, pixels].
   * @param isClean True for bands whose bits are all 0: their chunks are left out, so that clean tiles cost nothing.
   */
  quality(quality: Uint8Array, pixelCount: number, isClean: (band: number) => boolean): Uint8Array {
    const { bandCount } = this.#layout;
    const index = new BigUint64Array(bandCount * 2).fill(absentChunk);
    const chunks: Uint8Array[] = [];
    let position = 0;
    for (let band = 0; band < bandCount; band++) {
      if (isClean(band)) continue;
      const plane = quality.subarray(band * pixelCount, (band + 1) * pixelCount);
      const chunk = zstdCompressSync(this.#fullQuality(plane), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
      index[band * 2] = BigInt(position);
      index[band * 2 + 1] = BigInt(chunk.length);
      chunks.push(chunk);
      position += chunk.length;
    }
    const out = new Uint8Array(position + indexBytes(this.#layout));
    let at = 0;
    for (const chunk of chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    writeIndex(index, out, position);
    return out;
  }

  #full(plane: Int16Array): Int16Array {
    if (plane.length === this.#padded.length) return plane;
    this.#padded.fill(packedFill, plane.length);
    this.#padded.set(plane);
    return this.#padded;
  }

  #fullQuality(plane: Uint8Array): Uint8Array {
    if (plane.length === this.#paddedQuality.length) return plane;
    this.#paddedQuality.fill(0, plane.length);
    this.#paddedQuality.set(plane);
    return this.#paddedQuality;
  }
}

/** @returns the position after the index */
function writeIndex(index: BigUint64Array, out: Uint8Array, position: number): number {
  const bytes = new Uint8Array(index.buffer);
  out.set(bytes, position);
  new DataView(out.buffer, out.byteOffset, out.byteLength).setUint32(position + bytes.length, crc32c(bytes), true);
  return position + bytes.length + 4;
}
