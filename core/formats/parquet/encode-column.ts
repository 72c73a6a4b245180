import type { ColumnType } from '#schemas/table-definition.ts';
import { InvariantError, invariant } from '../../errors.ts';
import { bitWidthOf, hybridBytesMax, writeHybrid, writeRun } from './bit-packing.ts';
import type { ColumnValues } from './column-values.ts';
import { encodePacked, type PackedScratch } from './encode-packed.ts';
import { constantLevels, type EncodedColumn, levelsOf, splitByteStreams } from './encoded-column.ts';
import { encoding, type ParquetColumn, plainBytes } from './parquet-column.ts';

/** Text bounds above this are left out: they would be copied into every manifest. */
const boundBytesMax = 64;

/** Codes are of 16 bits. */
const dictionaryCountMax = 65_536;

/**
 * @param scratch Needed for packed reflectance only.
 * @throws InvariantError when a required column holds NULL or the kind of values does not fit the column's type.
 */
export function encodeColumn(
  column: ParquetColumn,
  values: ColumnValues,
  rowCount: number,
  scratch: PackedScratch | null,
): EncodedColumn {
  const encoded = encodeByKind(column, values, rowCount, scratch);
  if (column.required && encoded.nullCount > 0) {
    throw new InvariantError(`Expected no NULL in required column ${column.name}, got ${encoded.nullCount}`, {});
  }
  return encoded;
}

function encodeByKind(
  column: ParquetColumn,
  values: ColumnValues,
  rowCount: number,
  scratch: PackedScratch | null,
): EncodedColumn {
  switch (values.kind) {
    case 'constant':
      return encodeConstant(column, values.value, rowCount);
    case 'packed':
      invariant(scratch !== null, 'Expected a scratch for packed reflectance');
      return encodePacked(values.values, rowCount, scratch);
    case 'codes':
      return encodeCodes(column, values.dictionary, values.codes, rowCount);
    case 'float64':
      return encodeNumbers(column, values.values, nanMask(values.values), rowCount);
    case 'int32':
    case 'int64':
      return encodeNumbers(column, values.values, values.validMask, rowCount);
    case 'splitInt32':
      return encodeNumbers(column, values.values, values.validMask, rowCount, 'split');
    case 'floats':
      return encodeFloats(column, values.values, values.validMask, rowCount);
    case 'strings': {
      const { dictionary, codes } = dictionaryOf(values.values);
      if (dictionary.length > dictionaryCountMax) return encodeTexts(column, values.values, rowCount);
      return encodeCodes(column, dictionary, codes, rowCount);
    }
    case 'booleans':
      return encodeBooleans(column, values.values, rowCount);
  }
}

function encodeConstant(
  column: ParquetColumn,
  value: string | number | bigint | boolean | null,
  rowCount: number,
): EncodedColumn {
  if (value === null) {
    return noValues(column, rowCount);
  }
  if (typeof value === 'boolean') {
    return encodeBooleans(column, new Array<boolean>(rowCount).fill(value), rowCount);
  }
  const out = new Uint8Array(16);
  out[0] = 1;
  const end = writeRun(out, 1, 0, rowCount, 1);
  const bytes = plainBytes(column.type, value);
  const bound = bytes.length <= boundBytesMax ? bytes : null;
  return {
    levels: column.required ? null : constantLevels(1, rowCount),
    dictionary: { bytes: plainValue(column.type, bytes), count: 1 },
    values: out.subarray(0, end),
    encoding: encoding.rleDictionary,
    isNoise: false,
    nullCount: 0,
    min: bound,
    max: bound,
  };
}

function noValues(column: ParquetColumn, rowCount: number): EncodedColumn {
  return {
    levels: column.required ? null : constantLevels(0, rowCount),
    dictionary: null,
    values: new Uint8Array(0),
    encoding: encoding.plain,
    isNoise: false,
    nullCount: rowCount,
    min: null,
    max: null,
  };
}

function encodeCodes(
  column: ParquetColumn,
  dictionary: readonly string[],
  codes: Int32Array,
  rowCount: number,
): EncodedColumn {
  const present = new Uint16Array(rowCount);
  const validMask = new Uint8Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    if (codes[row]! < 0) continue;
    validMask[row] = 1;
    present[count++] = codes[row]!;
  }
  if (count === 0) return noValues(column, rowCount);
  if (dictionary.length > dictionaryCountMax)
    throw new InvariantError(`Expected at most ${dictionaryCountMax} distinct texts`, { column: column.name });
  const bytes = dictionary.map((text) => Buffer.from(text, 'utf8'));
  const used = new Set(present.subarray(0, count));
  return {
    ...boundsOfTexts([...used].map((code) => bytes[code]!)),
    levels: column.required ? null : levelsOf(validMask, rowCount),
    dictionary: { bytes: Buffer.concat(bytes.map((text) => plainValue('string', text))), count: bytes.length },
    values: hybridIndices(present, count, bytes.length),
    encoding: encoding.rleDictionary,
    isNoise: false,
    nullCount: rowCount - count,
  };
}

/** Texts that differ more than a dictionary holds. */
function encodeTexts(column: ParquetColumn, values: readonly (string | null)[], rowCount: number): EncodedColumn {
  const bytes = values.filter((value) => value !== null).map((value) => Buffer.from(value, 'utf8'));
  const validMask = Uint8Array.from(values, (value) => (value === null ? 0 : 1));
  return {
    ...boundsOfTexts(bytes),
    levels: column.required ? null : levelsOf(validMask, rowCount),
    dictionary: null,
    values: Buffer.concat(bytes.map((text) => plainValue('string', text))),
    encoding: encoding.plain,
    isNoise: false,
    nullCount: rowCount - bytes.length,
  };
}

/** @param texts UTF-8, at least one. */
function boundsOfTexts(texts: readonly Uint8Array[]): Pick<EncodedColumn, 'min' | 'max'> {
  let [min, max] = [texts[0]!, texts[0]!];
  for (const text of texts) {
    if (Buffer.compare(text, min) < 0) min = text;
    if (Buffer.compare(text, max) > 0) max = text;
  }
  const isBounded = min.length <= boundBytesMax && max.length <= boundBytesMax;
  return isBounded ? { min, max } : { min: null, max: null };
}

function dictionaryOf(values: readonly (string | null)[]): { dictionary: string[]; codes: Int32Array } {
  const codeOf = new Map<string, number>();
  const codes = new Int32Array(values.length);
  values.forEach((value, row) => {
    if (value === null) {
      codes[row] = -1;
      return;
    }
    const code = codeOf.get(value) ?? codeOf.size;
    codeOf.set(value, code);
    codes[row] = code;
  });
  return { dictionary: [...codeOf.keys()], codes };
}

type NumberArray = Int32Array | BigInt64Array | Float64Array;

/** Dictionary where values repeat, else plain (doubles and `split`: byte-stream split, whose high bytes compress). */
function encodeNumbers(
  column: ParquetColumn,
  values: NumberArray,
  validMask: Uint8Array | null,
  rowCount: number,
  layout: 'plain' | 'split' = values instanceof Float64Array ? 'split' : 'plain',
): EncodedColumn {
  const dense = validMask === null ? values : withoutInvalid(values, validMask, rowCount);
  if (dense.length === 0) return noValues(column, rowCount);
  const [min, max] = boundsOf(dense);
  const facts = {
    levels: column.required ? null : validMask === null ? constantLevels(1, rowCount) : levelsOf(validMask, rowCount),
    nullCount: rowCount - dense.length,
    min: plainBytes(column.type, min === 0 && dense instanceof Float64Array ? -0 : min),
    max: plainBytes(column.type, max === 0 && dense instanceof Float64Array ? 0 : max),
  };
  const codes = new Uint16Array(dense.length);
  const distinct = distinctOf(dense, codes);
  if (distinct !== null) {
    const bytes = Buffer.concat(distinct.map((value) => plainBytes(column.type, value)));
    const indices = hybridIndices(codes, dense.length, distinct.length);
    return {
      ...facts,
      dictionary: { bytes, count: distinct.length },
      values: indices,
      encoding: encoding.rleDictionary,
      isNoise: false,
    };
  }
  const bytes = new Uint8Array(dense.buffer, dense.byteOffset, dense.byteLength);
  if (layout === 'split') {
    return {
      ...facts,
      dictionary: null,
      values: splitByteStreams(bytes, dense.BYTES_PER_ELEMENT),
      encoding: encoding.byteStreamSplit,
      isNoise: false,
    };
  }
  return { ...facts, dictionary: null, values: bytes.slice(), encoding: encoding.plain, isNoise: false };
}

/** No dictionary, which would take the two zeros for one. Values among which is NaN have no bounds. */
function encodeFloats(
  column: ParquetColumn,
  values: Float32Array | Float64Array,
  validMask: Uint8Array | null,
  rowCount: number,
): EncodedColumn {
  const dense = validMask === null ? values : withoutInvalid(values, validMask, rowCount);
  if (dense.length === 0) return noValues(column, rowCount);
  const hasNan = dense.some((value) => Number.isNaN(value));
  const [min, max] = hasNan ? [null, null] : boundsOf(dense);
  return {
    levels: column.required ? null : validMask === null ? constantLevels(1, rowCount) : levelsOf(validMask, rowCount),
    dictionary: null,
    values: splitByteStreams(new Uint8Array(dense.buffer, dense.byteOffset, dense.byteLength), dense.BYTES_PER_ELEMENT),
    encoding: encoding.byteStreamSplit,
    isNoise: false,
    nullCount: rowCount - dense.length,
    min: min === null ? null : plainBytes(column.type, min === 0 ? -0 : min),
    max: max === null ? null : plainBytes(column.type, max === 0 ? 0 : max),
  };
}

function withoutInvalid<Values extends NumberArray | Float32Array>(
  values: Values,
  validMask: Uint8Array,
  rowCount: number,
): Values {
  let count = 0;
  for (let row = 0; row < rowCount; row++) count += validMask[row]!;
  if (count === rowCount) return values;
  const dense = new (values.constructor as new (length: number) => Values)(count);
  let next = 0;
  for (let row = 0; row < rowCount; row++) if (validMask[row] === 1) dense[next++] = values[row]!;
  return dense;
}

function nanMask(values: Float64Array): Uint8Array | null {
  let mask: Uint8Array | null = null;
  for (let row = 0; row < values.length; row++) {
    if (!Number.isNaN(values[row]!)) continue;
    mask ??= new Uint8Array(values.length).fill(1);
    mask[row] = 0;
  }
  return mask;
}

function boundsOf(values: NumberArray | Float32Array): [number | bigint, number | bigint] {
  let min = values[0]!;
  let max = min;
  for (let row = 1; row < values.length; row++) {
    const value = values[row]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** Distinct values in order of first appearance with `codes` filled, or null when a dictionary would not pay. */
function distinctOf(values: NumberArray, codes: Uint16Array): (number | bigint)[] | null {
  const countMax = Math.min(dictionaryCountMax, Math.max(16, values.length >> 2));
  const codeOf = new Map<number | bigint, number>();
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    let code = codeOf.get(value);
    if (code === undefined) {
      code = codeOf.size;
      if (code === countMax) return null;
      codeOf.set(value, code);
    }
    codes[row] = code;
  }
  return [...codeOf.keys()];
}

function encodeBooleans(column: ParquetColumn, values: readonly (boolean | null)[], rowCount: number): EncodedColumn {
  const dense = values.filter((value) => value !== null);
  if (dense.length === 0) return noValues(column, rowCount);
  const validMask = Uint8Array.from(values, (value) => (value === null ? 0 : 1));
  const bits = new Uint8Array(Math.ceil(dense.length / 8));
  dense.forEach((value, index) => {
    if (value) bits[index >> 3] = bits[index >> 3]! | (1 << (index & 7));
  });
  return {
    levels: column.required ? null : levelsOf(validMask, rowCount),
    dictionary: null,
    values: bits,
    encoding: encoding.plain,
    isNoise: false,
    nullCount: rowCount - dense.length,
    min: plainBytes(
      'boolean',
      dense.every((value) => value),
    ),
    max: plainBytes(
      'boolean',
      dense.some((value) => value),
    ),
  };
}

function hybridIndices(codes: Uint16Array, count: number, codeCount: number): Uint8Array {
  const bitWidth = bitWidthOf(codeCount);
  const out = new Uint8Array(1 + hybridBytesMax(count, bitWidth));
  out[0] = bitWidth;
  return out.subarray(0, writeHybrid(out, 1, codes, count, bitWidth));
}

/** PLAIN: text gets a 4-byte length. */
function plainValue(type: ColumnType, bytes: Uint8Array): Uint8Array {
  if (type !== 'string') return bytes;
  const out = Buffer.alloc(4 + bytes.length);
  out.writeUInt32LE(bytes.length);
  out.set(bytes, 4);
  return out;
}
