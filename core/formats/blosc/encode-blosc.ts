import { constants, zstdCompressSync } from 'node:zlib';
import {
  bloscFlags,
  bloscFormatVersion,
  bloscHeaderBytes,
  bloscSplitElementsMin,
  bloscStreamVersion,
  bloscZstd,
} from './blosc-header.ts';

/** Level 1 on the high bytes of reflectance is within 5 % of level 3 in size and of level -1 in time. */
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What a frame takes at most beside its data: header, block start, and the sizes of eight streams. */
export const bloscOverheadBytesMax = bloscHeaderBytes + 4 + 8 * 4;

/**
 * Writes one frame of one block from bytes that are shuffled already; each of the `typeBytes` streams is compressed on
 * its own, so that a stream of noise (the low bytes of reflectance) is stored at the cost of a copy.
 *
 * @param streams Shuffled bytes, shape [typeBytes, elementCount]; `typeBytes` at most 8.
 * @param out Has room for the data and `bloscOverheadBytesMax` from `outStart`.
 * @returns the frame's size in bytes; 0 when nothing shrinks: write `encodeStored` of the unshuffled bytes then
 */
export function encodeShuffled(
  streams: Uint8Array,
  typeBytes: number,
  elementCount: number,
  out: Uint8Array,
  outStart: number,
): number {
  if (elementCount < bloscSplitElementsMin) return 0;
  let at = outStart + bloscHeaderBytes + 4;
  for (let stream = 0; stream < typeBytes; stream++) {
    at = writeStream(streams.subarray(stream * elementCount, (stream + 1) * elementCount), out, at);
  }
  const frameBytes = at - outStart;
  const decodedBytes = typeBytes * elementCount;
  if (frameBytes >= decodedBytes + bloscHeaderBytes) return 0;
  const shuffle = typeBytes > 1 ? bloscFlags.byteShuffle : 0;
  writeHeader(out, outStart, { flags: (bloscZstd << 5) | shuffle, typeBytes, decodedBytes, frameBytes });
  writeInt32(out, outStart + bloscHeaderBytes, bloscHeaderBytes + 4);
  return frameBytes;
}

/** Writes one frame that holds `bytes` as they are. @returns the frame's size in bytes */
export function encodeStored(bytes: Uint8Array, typeBytes: number, out: Uint8Array, outStart: number): number {
  const frameBytes = bloscHeaderBytes + bytes.length;
  const flags = (bloscZstd << 5) | bloscFlags.stored;
  writeHeader(out, outStart, { flags, typeBytes, decodedBytes: bytes.length, frameBytes });
  out.set(bytes, outStart + bloscHeaderBytes);
  return frameBytes;
}

/** @returns the position after the stream */
function writeStream(bytes: Uint8Array, out: Uint8Array, at: number): number {
  const compressed = looksLikeNoise(bytes) ? null : zstdCompressSync(bytes, zstdOptions);
  const kept = compressed === null || compressed.length >= bytes.length ? bytes : compressed;
  writeInt32(out, at, kept.length);
  out.set(kept, at + 4);
  return at + 4 + kept.length;
}

const histogram = new Uint32Array(256);
const probeCountMax = 4096;

/** n * log2(n): the step between probes is rounded down and odd, so that they can be twice `probeCountMax`. */
const weightOf = Float64Array.from({ length: 2 * probeCountMax + 2 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));

/** Above this many bits per byte, compression could win 5 % of the stream at the price of half the time per shard. */
const noiseBitsMin = 7.6;

/** Order-0 entropy of evenly spaced bytes. A stream of fewer than `probeCountMax` bytes is cheap enough to just try. */
function looksLikeNoise(bytes: Uint8Array): boolean {
  if (bytes.length < probeCountMax) return false;
  // Odd, so that the probes do not fall on the same sample of every line.
  const step = Math.floor(bytes.length / probeCountMax) | 1;
  histogram.fill(0);
  let count = 0;
  for (let at = 0; at < bytes.length; at += step, count++) histogram[bytes[at]!]!++;
  let sum = 0;
  for (let value = 0; value < 256; value++) sum += weightOf[histogram[value]!]!;
  return Math.log2(count) - sum / count > noiseBitsMin;
}

function writeHeader(
  out: Uint8Array,
  at: number,
  header: { flags: number; typeBytes: number; decodedBytes: number; frameBytes: number },
): void {
  out[at] = bloscFormatVersion;
  out[at + 1] = bloscStreamVersion;
  out[at + 2] = header.flags;
  out[at + 3] = header.typeBytes;
  writeInt32(out, at + 4, header.decodedBytes);
  // One block: the plane is small, and a reader wants all of it.
  writeInt32(out, at + 8, header.decodedBytes);
  writeInt32(out, at + 12, header.frameBytes);
}

function writeInt32(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}
