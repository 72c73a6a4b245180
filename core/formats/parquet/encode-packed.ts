import { invariant } from '../../errors.ts';
import { KernelMemory } from '../../kernels/kernel-memory.ts';
import { packedFill } from '../../radiometry/quality.ts';
import { bitWidthOf, packedBytesMax, varintBytes, writeRun, writeVarint } from './bit-packing.ts';
import { constantLevels, type EncodedColumn, levelsOf } from './encoded-column.ts';
import { encoding } from './parquet-column.ts';

/**
 * The hot column kind: a band of packed reflectance (int16, 1e-4) as Parquet FLOAT.
 *
 * Reflectance rounded to 1e-4 has few distinct values in one tile (some thousands), so a dictionary of floats with
 * bit-packed positions takes 12 to 14 bits a value, where byte-stream split with zstd takes about 24: the low bytes of
 * value * 1e-4 look like noise to a compressor.
 */

/** Tables and buffers of one thread, used again by every call. */
export interface PackedScratch {
  readonly memory: KernelMemory;
  readonly rowCountMax: number;
  /** 255 where a value occurs, by its 16 bits. */
  readonly seen: Uint8Array;
  /** By a value's 16 bits. */
  readonly codeOf: Uint16Array;
  readonly dictionary: Float32Array;
  /** Values that lie elsewhere, have gaps or are an odd number. */
  readonly present: Int16Array;
  readonly indices: Uint8Array;
  /** Byte streams of floats. */
  readonly split: Uint8Array;
}

/** The run of codes begins here in `indices`; its bit width and header stand before. */
const codesStart = 8;

/** What a kernel may write past the last code. */
const overrunBytes = 16;

/** What `packedScratch` takes of the memory, in bytes. */
export function packedScratchBytes(rowCountMax: number): number {
  return 65_536 * (1 + 2 + 4) + (rowCountMax + 1) * 2 + indicesBytes(rowCountMax) + rowCountMax * 4 + 6 * 16;
}

function indicesBytes(rowCountMax: number): number {
  return codesStart + packedBytesMax(rowCountMax + 1, 16) + overrunBytes;
}

/** @param memory Where the values lie, so that they need not be copied. */
export function packedScratch(
  rowCountMax: number,
  memory: KernelMemory = new KernelMemory(packedScratchBytes(rowCountMax)),
): PackedScratch {
  return {
    memory,
    rowCountMax,
    seen: memory.bytes(65_536),
    codeOf: new Uint16Array(memory.buffer, memory.take(65_536 * 2), 65_536),
    dictionary: new Float32Array(memory.buffer, memory.take(65_536 * 4), 65_536),
    present: new Int16Array(memory.buffer, memory.take((rowCountMax + 1) * 2), rowCountMax + 1),
    indices: memory.bytes(indicesBytes(rowCountMax)),
    split: memory.bytes(rowCountMax * 4),
  };
}

const fillBits = packedFill & 0xffff;

/** A dictionary of more entries has bit-packed positions without a pattern that a compressor could find. */
const compressibleEntryCountMax = 256;

/**
 * @param values Packed reflectance, shape [rows]; -32768 is NULL.
 * @returns views into `scratch` where possible: valid until the next call.
 */
export function encodePacked(values: Int16Array, rowCount: number, scratch: PackedScratch): EncodedColumn {
  const { memory, seen, codeOf, indices } = scratch;
  invariant(rowCount <= scratch.rowCountMax, 'Expected a scratch for these rows', { rowCount });
  let present = packable(values, rowCount, scratch);
  memory.kernels.markSeen(present.byteOffset, rowCount, seen.byteOffset);
  const hasNull = seen[fillBits] !== 0;
  seen[fillBits] = 0;
  const count = memory.kernels.numberDistinct(seen.byteOffset, codeOf.byteOffset, scratch.dictionary.byteOffset);
  const dictionary = scratch.dictionary.subarray(0, count);
  if (count === 0) return emptyColumn(rowCount);
  let presentCount = rowCount;
  if (hasNull) {
    presentCount = withoutNull(values, rowCount, scratch.present);
    present = packable(scratch.present, presentCount, scratch);
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
    const split = scratch.split.subarray(0, presentCount * 4);
    memory.kernels.splitFloats(present.byteOffset, presentCount, split.byteOffset);
    return { ...facts, dictionary: null, values: split, encoding: encoding.byteStreamSplit, isNoise: false };
  }
  const groupCount = Math.ceil(presentCount / 8);
  const start = codesStart - 1 - varintBytes(groupCount << 1);
  indices[start] = bitWidth;
  let end = codesStart + groupCount * bitWidth;
  if (count === 1) {
    end = writeRun(indices, start + 1, 0, presentCount, bitWidth);
  } else {
    writeVarint(indices, start + 1, (groupCount << 1) | 1);
    const pairedCount = presentCount + (presentCount % 2);
    const outAt = indices.byteOffset + codesStart;
    memory.kernels.packCodes(present.byteOffset, pairedCount, codeOf.byteOffset, bitWidth, outAt);
  }
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
 * Values where the kernels can read them, as they are or as a copy in the scratch. Of an odd number the last stands twice: it
 * takes the place of a code that no reader looks at, and files stay the same bytes as those of earlier versions.
 */
function packable(values: Int16Array, count: number, { memory, present }: PackedScratch): Int16Array {
  if (count % 2 === 0 && memory.holds(values)) return values;
  if (values.byteOffset !== present.byteOffset || !memory.holds(values)) present.set(values.subarray(0, count));
  if (count > 0) present[count] = present[count - 1]!;
  return present;
}

/** @returns how many values are left; `values` may be `present` itself */
function withoutNull(values: Int16Array, rowCount: number, present: Int16Array): number {
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    if (values[row] !== packedFill) present[count++] = values[row]!;
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
