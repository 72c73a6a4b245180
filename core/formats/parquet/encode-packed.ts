import { packedFill, packedPerUnit } from '../../radiometry/quality.ts';
import { bitWidthOf, packedBytesMax, writeBitPackedValues, writeRun } from './bit-packing.ts';
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
  /** 1 where a value occurs, at value + 32768; also seen as words, to skip what does not. */
  readonly seen: Uint8Array;
  readonly seenWords: Uint32Array;
  readonly codeOf: Uint16Array;
  readonly dictionary: Float32Array;
  present: Int16Array;
  indices: Uint8Array;
}

export function packedScratch(): PackedScratch {
  const seen = new Uint8Array(65_536);
  return {
    seen,
    seenWords: new Uint32Array(seen.buffer),
    codeOf: new Uint16Array(65_536),
    dictionary: new Float32Array(65_536),
    present: new Int16Array(0),
    indices: new Uint8Array(0),
  };
}

const offset = -packedFill;

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
  markSeen(values, rowCount, seen);
  const hasNull = seen[0] === 1;
  const dictionary = distinctSeen(scratch);
  const count = dictionary.length;
  if (count === 0) return emptyColumn(rowCount);
  const present = hasNull ? withoutNull(values, rowCount, scratch) : values;
  const presentCount = hasNull ? present.length : rowCount;
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
  const needed = 1 + packedBytesMax(presentCount, bitWidth);
  if (scratch.indices.length < needed) scratch.indices = new Uint8Array(needed);
  scratch.indices[0] = bitWidth;
  const end =
    count === 1
      ? writeRun(scratch.indices, 1, 0, presentCount, bitWidth)
      : writeBitPackedValues(scratch.indices, 1, present, codeOf, presentCount, bitWidth);
  return {
    ...facts,
    dictionary: { bytes: bytesOf(dictionary), count },
    values: scratch.indices.subarray(0, end),
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

function markSeen(values: Int16Array, rowCount: number, seen: Uint8Array): void {
  for (let row = 0; row < rowCount; row++) seen[values[row]! + offset] = 1;
}

/** Distinct values ascending as floats; sets their codes. The fill value, at position 0, is left out. */
function distinctSeen({ seen, seenWords, codeOf, dictionary }: PackedScratch): Float32Array {
  seen[0] = 0;
  let count = 0;
  for (let word = 0; word < seenWords.length; word++) {
    if (seenWords[word] === 0) continue;
    for (let position = word * 4; position < word * 4 + 4; position++) {
      if (seen[position] === 0) continue;
      codeOf[position] = count;
      dictionary[count++] = unpackedFloat(position - offset);
    }
  }
  return dictionary.subarray(0, count);
}

function withoutNull(values: Int16Array, rowCount: number, scratch: PackedScratch): Int16Array {
  if (scratch.present.length < rowCount) scratch.present = new Int16Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    if (values[row] !== packedFill) scratch.present[count++] = values[row]!;
  }
  return scratch.present.subarray(0, count);
}

function validMaskOf(values: Int16Array, rowCount: number): Uint8Array {
  const mask = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) mask[row] = values[row] === packedFill ? 0 : 1;
  return mask;
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}
