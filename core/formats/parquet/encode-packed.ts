import { packedFill, packedPerUnit } from '../../radiometry/quality.ts';
import { bitWidthOf, packedBytesMax, writeBitPacked, writeRun } from './bit-packing.ts';
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
  readonly seen: Uint8Array;
  readonly codeOf: Uint16Array;
  codes: Uint16Array;
  indices: Uint8Array;
}

export function packedScratch(): PackedScratch {
  return {
    seen: new Uint8Array(65_536),
    codeOf: new Uint16Array(65_536),
    codes: new Uint16Array(0),
    indices: new Uint8Array(0),
  };
}

const offset = -packedFill;

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
  const dictionary = distinctSeen(seen, codeOf);
  const count = dictionary.length;
  if (count === 0) {
    return emptyColumn(rowCount);
  }
  if (scratch.codes.length < rowCount) scratch.codes = new Uint16Array(rowCount);
  const presentCount = hasNull
    ? fillCodesSkippingNull(values, rowCount, codeOf, scratch.codes)
    : fillCodes(values, rowCount, codeOf, scratch.codes);
  const facts = {
    levels: hasNull ? levelsOf(validMaskOf(values, rowCount), rowCount) : constantLevels(1, rowCount),
    nullCount: rowCount - presentCount,
    min: bytesOf(dictionary.subarray(0, 1)),
    max: bytesOf(dictionary.subarray(count - 1)),
  };
  const bitWidth = bitWidthOf(count);
  // 2.5 bytes is what byte-stream split with zstd gets on such floats.
  if (count * 4 + (presentCount * bitWidth) / 8 > presentCount * 2.5) {
    const floats = new Float32Array(presentCount);
    for (let row = 0; row < presentCount; row++) floats[row] = dictionary[scratch.codes[row]!]!;
    return {
      ...facts,
      dictionary: null,
      values: splitByteStreams(bytesOf(floats), 4),
      encoding: encoding.byteStreamSplit,
    };
  }
  const needed = 1 + packedBytesMax(presentCount, bitWidth);
  if (scratch.indices.length < needed) scratch.indices = new Uint8Array(needed);
  scratch.indices[0] = bitWidth;
  const end =
    count === 1
      ? writeRun(scratch.indices, 1, 0, presentCount, bitWidth)
      : writeBitPacked(scratch.indices, 1, scratch.codes, presentCount, bitWidth);
  return {
    ...facts,
    dictionary: { bytes: bytesOf(dictionary), count },
    values: scratch.indices.subarray(0, end),
    encoding: encoding.rleDictionary,
  };
}

function emptyColumn(rowCount: number): EncodedColumn {
  return {
    levels: constantLevels(0, rowCount),
    dictionary: null,
    values: new Uint8Array(0),
    encoding: encoding.plain,
    nullCount: rowCount,
    min: null,
    max: null,
  };
}

function markSeen(values: Int16Array, rowCount: number, seen: Uint8Array): void {
  for (let row = 0; row < rowCount; row++) seen[values[row]! + offset] = 1;
}

/** Distinct values ascending as floats; fills `codeOf` for them. The fill value (position 0) is left out. */
function distinctSeen(seen: Uint8Array, codeOf: Uint16Array): Float32Array {
  const floats = new Float32Array(65_535);
  let count = 0;
  let position = seen.indexOf(1, 1);
  while (position >= 0) {
    codeOf[position] = count;
    floats[count++] = unpackedFloat(position - offset);
    position = position + 1 < seen.length && seen[position + 1] === 1 ? position + 1 : seen.indexOf(1, position + 1);
  }
  return floats.subarray(0, count);
}

function fillCodes(values: Int16Array, rowCount: number, codeOf: Uint16Array, codes: Uint16Array): number {
  for (let row = 0; row < rowCount; row++) codes[row] = codeOf[values[row]! + offset]!;
  return rowCount;
}

function fillCodesSkippingNull(values: Int16Array, rowCount: number, codeOf: Uint16Array, codes: Uint16Array): number {
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    const value = values[row]!;
    if (value !== packedFill) codes[count++] = codeOf[value + offset]!;
  }
  return count;
}

function validMaskOf(values: Int16Array, rowCount: number): Uint8Array {
  const mask = new Uint8Array(rowCount);
  for (let row = 0; row < rowCount; row++) mask[row] = values[row] === packedFill ? 0 : 1;
  return mask;
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}
