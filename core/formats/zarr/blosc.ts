import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax } from '../../limits.ts';

/**
 * Blosc 1 frames with zstd and byte shuffle: what numcodecs, tensorstore and GDAL read as codec `blosc`.
 *
 *   byte 0      format version 2
 *   byte 1      version of the inner codec, 1
 *   byte 2      flags: 1 byte shuffle, 2 stored plain, 16 streams not split; inner codec in bits 5-7 (4 = zstd)
 *   byte 3      type size
 *   bytes 4-15  uint32 decoded bytes, block bytes, frame bytes
 *   then        int32 start of each block; a block is a run of streams, each int32 length and bytes
 *
 * A stream as long as its decoded form is stored plain. We write one block, split by byte position: the low bytes of
 * reflectance are noise and are stored plain at no cost, the high bytes shrink.
 *
 * @source c-blosc 1, README_CHUNK_FORMAT.rst
 */
const headerBytes = 16;
const flag = { shuffle: 1, plain: 2, bitShuffle: 4, notSplit: 16 } as const;
const zstdCodec = 4;
/** Blosc splits a block by byte position only when every stream has at least this many bytes. */
const splitStreamBytesMin = 128;

const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const sampleBytes = 4096;
const worthwhileRatio = 0.97;

export function bloscBytesMax(valueCount: number, typeBytes: number): number {
  return headerBytes + 4 + typeBytes * 4 + valueCount * typeBytes;
}

/** Reused by one thread. */
export function bloscScratch(valueCount: number): { low: Uint8Array; high: Uint8Array } {
  return { low: new Uint8Array(valueCount), high: new Uint8Array(valueCount) };
}

/**
 * @param values int16 values, at least 128.
 * @returns the position after the frame in `out`
 */
export function writeBloscInt16(
  values: Int16Array,
  scratch: { low: Uint8Array; high: Uint8Array },
  out: Uint8Array,
  position: number,
): number {
  const count = values.length;
  const { low, high } = scratch;
  for (let index = 0; index < count; index++) {
    const value = values[index]!;
    low[index] = value;
    high[index] = value >> 8;
  }
  const start = position;
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  position += headerBytes + 4;
  for (const stream of [low.subarray(0, count), high.subarray(0, count)]) {
    const stored = shrunk(stream) ?? stream;
    view.setInt32(position, stored.length, true);
    out.set(stored, position + 4);
    position += 4 + stored.length;
  }
  out.set([2, 1, flag.shuffle | (zstdCodec << 5), 2], start);
  view.setUint32(start + 4, count * 2, true);
  view.setUint32(start + 8, count * 2, true);
  view.setUint32(start + 12, position - start, true);
  view.setInt32(start + 16, headerBytes + 4, true);
  return position;
}

/** The stream compressed, or null when that does not pay. A sample decides whether to try. */
function shrunk(stream: Uint8Array): Uint8Array | null {
  if (stream.length > 4 * sampleBytes) {
    const middle = (stream.length - sampleBytes) >> 1;
    const sample = stream.subarray(middle, middle + sampleBytes);
    if (zstdCompressSync(sample, zstdOptions).length > sampleBytes * worthwhileRatio) return null;
  }
  const compressed = zstdCompressSync(stream, zstdOptions);
  return compressed.length < stream.length ? compressed : null;
}

/**
 * Decodes any blosc 1 frame whose inner codec is zstd.
 * @param decodedBytes What the chunk must decode to.
 * @throws FormatError for another inner codec, sizes that do not fit, or broken streams. Disposition: quarantine.
 */
export function readBlosc(frame: Uint8Array, decodedBytes: number, where: string): Uint8Array {
  const refuse = (reason: string, cause?: unknown): FormatError =>
    new FormatError(`Expected a blosc chunk of ${decodedBytes} bytes, got ${reason} (${where}).`, { where }, cause);
  if (frame.length < headerBytes) throw refuse(`${frame.length} bytes in all`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const [flags, typeBytes] = [frame[2]!, frame[3]!];
  const [totalBytes, blockBytes, frameBytes] = [
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint32(12, true),
  ];
  if (totalBytes !== decodedBytes || decodedBytes > decodedChunkBytesMax)
    throw refuse(`a claim of ${totalBytes} bytes`);
  if (frameBytes !== frame.length || typeBytes === 0) throw refuse('a frame of another length than it says');
  if (flags & flag.plain) {
    if (frame.length !== headerBytes + decodedBytes) throw refuse('a plain frame of another length');
    return frame.slice(headerBytes);
  }
  if (flags >> 5 !== zstdCodec || flags & flag.bitShuffle)
    throw refuse('another inner codec than zstd with byte shuffle');
  if (blockBytes === 0) throw refuse('blocks of no bytes');
  const out = new Uint8Array(decodedBytes);
  const blockCount = Math.ceil(decodedBytes / blockBytes);
  if (headerBytes + blockCount * 4 > frame.length) throw refuse('more blocks than bytes');
  for (let block = 0; block < blockCount; block++) {
    const target = out.subarray(block * blockBytes, Math.min(decodedBytes, (block + 1) * blockBytes));
    try {
      readBlock(frame, view, view.getInt32(headerBytes + block * 4, true), target, { flags, typeBytes, blockBytes });
    } catch (cause) {
      throw refuse('a broken block', cause);
    }
  }
  return out;
}

function readBlock(
  frame: Uint8Array,
  view: DataView,
  start: number,
  target: Uint8Array,
  { flags, typeBytes, blockBytes }: { flags: number; typeBytes: number; blockBytes: number },
): void {
  const isLeftover = target.length < blockBytes;
  const isSplit =
    !(flags & flag.notSplit) && typeBytes <= 16 && blockBytes / typeBytes >= splitStreamBytesMin && !isLeftover;
  const streamCount = isSplit ? typeBytes : 1;
  const streamBytes = target.length / streamCount;
  const decoded = flags & flag.shuffle && typeBytes > 1 ? new Uint8Array(target.length) : target;
  let position = start;
  for (let stream = 0; stream < streamCount; stream++) {
    const storedBytes = view.getInt32(position, true);
    position += 4;
    if (storedBytes <= 0 || position + storedBytes > frame.length) throw new RangeError('stream outside the frame');
    const stored = frame.subarray(position, position + storedBytes);
    const plain = storedBytes === streamBytes ? stored : zstdDecompressSync(stored, { maxOutputLength: streamBytes });
    if (plain.length !== streamBytes) throw new RangeError('stream of another length');
    decoded.set(plain, stream * streamBytes);
    position += storedBytes;
  }
  if (decoded !== target) unshuffle(decoded, typeBytes, target);
}

function unshuffle(shuffled: Uint8Array, typeBytes: number, out: Uint8Array): void {
  const count = Math.floor(out.length / typeBytes);
  for (let byte = 0; byte < typeBytes; byte++) {
    const from = byte * count;
    for (let index = 0, to = byte; index < count; index++, to += typeBytes) out[to] = shuffled[from + index]!;
  }
  out.set(shuffled.subarray(count * typeBytes), count * typeBytes);
}
