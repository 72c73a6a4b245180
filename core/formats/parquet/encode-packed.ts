import { packedFill, packedPerUnit } from '../../radiometry/quality.ts';
import { bitWidthOf, packedBytesMax, varintBytes, writeBitPackedPairs, writeRun } from './bit-packing.ts';
import { constantLevels, type EncodedColumn, levelsOf, splitByteStreams } from './encoded-column.ts';
import { encoding } from './parquet-column.ts';

/**
 * The hot column kind: a band of packed reflectance (int16, 1e-4) as Parquet FLOAT.
 *
 * Reflectance rounded to 1e-4 has few distinct values in one tile (some thousands), so a dictionary of floats with
 * bit-packed positions takes 12 to 14 bits a value, where byte-stream split with zstd takes about 24: the low bytes of
 * value * 1e-4 look like noise to a compressor.
 */

/** Reused between calls of one thread. */
export interface PackedScratch {
  /** 1 where a value occurs, by its 16 bits; also seen as words, to skip what does not. */
  readonly seen: Uint8Array;
  readonly seenWords: Uint32Array;
  /** By a value's 16 bits. */
  readonly codeOf: Uint16Array;
  readonly dictionary: Float32Array;
  /** Values where those given do not lie in whole pairs. */
  present: Int16Array;
  indices: Uint32Array;
}

export function packedScratch(): PackedScratch {
  const seen = new Uint8Array(65_536);
  return {
    seen,
    seenWords: new Uint32Array(seen.buffer),
    codeOf: new Uint16Array(65_536),
    dictionary: new Float32Array(65_536),
    present: new Int16Array(0),
    indices: new Uint32Array(0),
  };
}

const fillBits = packedFill & 0xffff;

/** The float of each value, by its 16 bits. */
const floatOf = Float32Array.from({ length: 65_536 }, (_, bits) => unpackedFloat((bits << 16) >> 16));

/** A dictionary of more entries has bit-packed positions without a pattern that a compressor could find. */
const compressibleEntryCountMax = 256;

/** The float nearest to packed / 10 000: the shortest decimal of it has at most four places. */
export function unpackedFloat(packed: number): number {
  return Math.fround(packed / packedPerUnit);
}

/**
 * @param values Packed reflectance, shape [rows]; -32768 is NULL.
 * @returns views into `scratch` where possible: valid until the next call.
 */
export function encodePacked(values: Int16Array, rowCount: number, scratch: PackedScratch): EncodedColumn {
  const { seen, codeOf } = scratch;
  seen.fill(0);
  let pairs = pairsOf(values, rowCount, scratch);
  markSeen(pairs, seen);
  const hasNull = seen[fillBits] === 1;
  const dictionary = distinctSeen(scratch);
  const count = dictionary.length;
  if (count === 0) return emptyColumn(rowCount);
  let present = values;
  let presentCount = rowCount;
  if (hasNull) {
    present = withoutNull(values, rowCount, scratch);
    presentCount = present.length;
    pairs = pairsOf(present, presentCount, scratch);
  }
  const facts = {
    levels: hasNull ? levelsOf(validMaskOf(values, rowCount), rowCount) : constantLevels(1, rowCount),
    nullCount: rowCount - presentCount,
    min: bytesOf(dictionary.subarray(0, 1)),
    max: bytesOf(dictionary.subarray(count - 1)),
  };
  const bitWidth = bitWidthOf(count);
  // 2.5 bytes is what byte-stream split with zstd gets on such floats.
  if (count * 4 + (presentCount * bitWidth) / 8 > presentCount * 2.5) {
    const floats = Float32Array.from(present.subarray(0, presentCount), unpackedFloat);
    const split = splitByteStreams(bytesOf(floats), 4);
    return { ...facts, dictionary: null, values: split, encoding: encoding.byteStreamSplit, isNoise: false };
  }
  const wordsNeeded = 1 + Math.ceil(packedBytesMax(presentCount, bitWidth) / 4);
  if (scratch.indices.length < wordsNeeded) scratch.indices = new Uint32Array(wordsNeeded);
  const indices = new Uint8Array(scratch.indices.buffer);
  // The bit width and the run's header stand before the codes, which start at a whole word.
  const start = 8 - 1 - varintBytes(Math.ceil(presentCount / 8) << 1);
  indices[start] = bitWidth;
  const end =
    count === 1
      ? writeRun(indices, start + 1, 0, presentCount, bitWidth)
      : writeBitPackedPairs(scratch.indices, start + 1, pairs, codeOf, presentCount, bitWidth);
  return {
    ...facts,
    dictionary: { bytes: bytesOf(dictionary), count },
    values: indices.subarray(start, end),
    encoding: encoding.rleDictionary,
    isNoise: count > compressibleEntryCountMax,
  };
}

function emptyColumn(rowCount: number): EncodedColumn {
  return {
    levels: constantLevels(0, rowCount),
    dictionary: null,
    values: new Uint8Array(0),
    encoding: encoding.plain,
    isNoise: false,
    nullCount: rowCount,
    min: null,
    max: null,
  };
}

/**
 * Values as words of two: half the loads. Where they are an odd number, or start within a word, a copy in the scratch, whose
 * last value is there twice.
 */
function pairsOf(values: Int16Array, count: number, scratch: PackedScratch): Int32Array {
  const pairCount = (count + 1) >> 1;
  if (count % 2 === 0 && values.byteOffset % 4 === 0)
    return new Int32Array(values.buffer, values.byteOffset, pairCount);
  const copy = presentOf(scratch, pairCount * 2);
  if (values.buffer !== copy.buffer) copy.set(values.subarray(0, count));
  copy[count] = copy[count - 1]!;
  return new Int32Array(copy.buffer, 0, pairCount);
}

function presentOf(scratch: PackedScratch, count: number): Int16Array {
  if (scratch.present.length < count) scratch.present = new Int16Array(count);
  return scratch.present;
}

function markSeen(pairs: Int32Array, seen: Uint8Array): void {
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index]!;
    seen[pair & 0xffff] = 1;
    seen[pair >>> 16] = 1;
  }
}

/** Distinct values ascending as floats; sets their codes. The fill value is left out. */
function distinctSeen(scratch: PackedScratch): Float32Array {
  scratch.seen[fillBits] = 0;
  const half = scratch.seenWords.length / 2;
  const negativeCount = addDistinct(scratch, half, half * 2, 0);
  return scratch.dictionary.subarray(0, addDistinct(scratch, 0, half, negativeCount));
}

/** @returns how many distinct values there are with those of some words of `seen` */
function addDistinct(
  { seen, seenWords, codeOf, dictionary }: PackedScratch,
  wordStart: number,
  wordEnd: number,
  count: number,
): number {
  for (let word = wordStart; word < wordEnd; word++) {
    if (seenWords[word] === 0) continue;
    for (let bits = word * 4; bits < word * 4 + 4; bits++) {
      if (seen[bits] === 0) continue;
      codeOf[bits] = count;
      dictionary[count++] = floatOf[bits]!;
    }
  }
  return count;
}

function withoutNull(values: Int16Array, rowCount: number, scratch: PackedScratch): Int16Array {
  // One more for a pair of an odd last one.
  const present = presentOf(scratch, rowCount + 1);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    if (values[row] !== packedFill) present[count++] = values[row]!;
  }
  return present.subarray(0, count);
}

function validMaskOf(values: Int16Array, rowCount: number): Uint8Array {
  const mask = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) mask[row] = values[row] === packedFill ? 0 : 1;
  return mask;
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}
