import {
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBStructValue,
  type DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import * as arrow from 'apache-arrow';

type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array;
type Fixed = { readonly type: arrow.DataType; readonly array: new (length: number) => NumberArray };
type Fixed64 = { readonly type: arrow.DataType; readonly of: (value: DuckDBValue) => bigint };

const fixedTypes: Readonly<Partial<Record<DuckDBTypeId, Fixed>>> = {
  [DuckDBTypeId.TINYINT]: { type: new arrow.Int8(), array: Int8Array },
  [DuckDBTypeId.SMALLINT]: { type: new arrow.Int16(), array: Int16Array },
  [DuckDBTypeId.INTEGER]: { type: new arrow.Int32(), array: Int32Array },
  [DuckDBTypeId.UTINYINT]: { type: new arrow.Uint8(), array: Uint8Array },
  [DuckDBTypeId.USMALLINT]: { type: new arrow.Uint16(), array: Uint16Array },
  [DuckDBTypeId.UINTEGER]: { type: new arrow.Uint32(), array: Uint32Array },
  [DuckDBTypeId.FLOAT]: { type: new arrow.Float32(), array: Float32Array },
  [DuckDBTypeId.DOUBLE]: { type: new arrow.Float64(), array: Float64Array },
  [DuckDBTypeId.DATE]: { type: new arrow.DateDay(), array: Int32Array },
};

const microsOf = (value: DuckDBValue) => (value as DuckDBTimestampValue).micros;

const fixed64Types: Readonly<Partial<Record<DuckDBTypeId, Fixed64>>> = {
  [DuckDBTypeId.BIGINT]: { type: new arrow.Int64(), of: (value) => value as bigint },
  [DuckDBTypeId.UBIGINT]: { type: new arrow.Uint64(), of: (value) => value as bigint },
  [DuckDBTypeId.TIMESTAMP]: { type: new arrow.TimestampMicrosecond(), of: microsOf },
  [DuckDBTypeId.TIMESTAMP_TZ]: { type: new arrow.TimestampMicrosecond('UTC'), of: microsOf },
};

/** 38 digits, as other Arrow exports of DuckDB give its 128-bit integers (every SUM of integers). */
const hugeIntegerDigits = 38;

/** Arrow's type for a DuckDB type. What Arrow's JavaScript has no good type for becomes text, as DuckDB writes it. */
export function arrowType(type: DuckDBType): arrow.DataType {
  const fixed = fixedTypes[type.typeId] ?? fixed64Types[type.typeId];
  if (fixed !== undefined) return fixed.type;
  if (type.typeId === DuckDBTypeId.BOOLEAN) return new arrow.Bool();
  if (type.typeId === DuckDBTypeId.BLOB) return new arrow.Binary();
  if (type.typeId === DuckDBTypeId.HUGEINT) return new arrow.Decimal(0, hugeIntegerDigits, 128);
  if (type.typeId === DuckDBTypeId.DECIMAL) return new arrow.Decimal(type.scale, type.width, 128);
  if (type.typeId === DuckDBTypeId.LIST)
    return new arrow.List(arrow.Field.new('item', arrowType(type.valueType), true));
  if (type.typeId === DuckDBTypeId.STRUCT) {
    return new arrow.Struct(
      type.entryNames.map((name, index) => arrow.Field.new(name, arrowType(type.entryTypes[index]!), true)),
    );
  }
  return new arrow.Utf8();
}

/** Values of one column chunk as Arrow data; null stays null. */
export function arrowData(type: DuckDBType, values: readonly DuckDBValue[]): arrow.Data {
  const { nullBitmap, nullCount } = validity(values);
  const shape = { length: values.length, nullCount, nullBitmap };
  const arrowed = arrowType(type);
  const fixed = fixedTypes[type.typeId];
  if (fixed !== undefined)
    return arrow.makeData({ type: arrowed as arrow.Int, ...shape, data: fixedValues(fixed, values) });
  const fixed64 = fixed64Types[type.typeId];
  if (fixed64 !== undefined) {
    const data = BigInt64Array.from(values, (value) => (value === null ? 0n : fixed64.of(value)));
    return arrow.makeData({ type: arrowed as arrow.Int64, ...shape, data });
  }
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return arrow.makeData({ type: arrowed as arrow.Bool, ...shape, data: bits(values, (value) => value === true) });
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.DECIMAL:
      return arrow.makeData({ type: arrowed as arrow.Decimal, ...shape, data: decimalWords(values) });
    case DuckDBTypeId.LIST: {
      const { valueType } = type;
      const lists = values.map((value) => (value === null ? [] : (value as DuckDBListValue).items));
      const child = arrowData(valueType, lists.flat());
      const valueOffsets = offsets(lists.map((list) => list.length));
      return arrow.makeData({ type: arrowed as arrow.List, ...shape, valueOffsets, child });
    }
    case DuckDBTypeId.STRUCT: {
      const children = type.entryNames.map((name, index) =>
        arrowData(
          type.entryTypes[index]!,
          values.map((value) => (value === null ? null : (value as DuckDBStructValue).entries[name]!)),
        ),
      );
      return arrow.makeData({ type: arrowed as arrow.Struct, ...shape, children });
    }
    default:
      return arrow.makeData({ type: arrowed as arrow.Utf8, ...shape, ...bytes(values) });
  }
}

function fixedValues(fixed: Fixed, values: readonly DuckDBValue[]): NumberArray {
  const data = new fixed.array(values.length);
  const isDate = arrow.DataType.isDate(fixed.type);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value !== null) data[row] = isDate ? (value as DuckDBDateValue).days : (value as number);
  }
  return data;
}

/** Two's complement of 128 bits, little-endian, as 32-bit words. */
function decimalWords(values: readonly DuckDBValue[]): Uint32Array {
  const words = new BigUint64Array(values.length * 2);
  values.forEach((value, row) => {
    if (value === null) return;
    const whole = BigInt.asUintN(128, typeof value === 'bigint' ? value : (value as DuckDBDecimalValue).value);
    words[row * 2] = whole & 0xffff_ffff_ffff_ffffn;
    words[row * 2 + 1] = whole >> 64n;
  });
  return new Uint32Array(words.buffer);
}

/** Text as UTF-8, blobs as they are. */
function bytes(values: readonly DuckDBValue[]): { valueOffsets: Int32Array; data: Uint8Array } {
  const parts = values.map((value) => {
    if (value === null) return Buffer.alloc(0);
    const blob = typeof value === 'object' ? (value as DuckDBBlobValue).bytes : undefined;
    return blob instanceof Uint8Array ? Buffer.from(blob) : Buffer.from(String(value), 'utf8');
  });
  return { valueOffsets: offsets(parts.map((part) => part.length)), data: Buffer.concat(parts) };
}

function offsets(lengths: readonly number[]): Int32Array {
  const result = new Int32Array(lengths.length + 1);
  lengths.forEach((length, row) => {
    result[row + 1] = result[row]! + length;
  });
  return result;
}

function validity(values: readonly DuckDBValue[]): { nullBitmap: Uint8Array; nullCount: number } {
  let nullCount = 0;
  for (const value of values) if (value === null) nullCount++;
  return { nullCount, nullBitmap: nullCount === 0 ? new Uint8Array(0) : bits(values, (value) => value !== null) };
}

function bits(values: readonly DuckDBValue[], isSet: (value: DuckDBValue) => boolean): Uint8Array {
  const result = new Uint8Array((values.length + 7) >> 3);
  for (let row = 0; row < values.length; row++) if (isSet(values[row]!)) result[row >> 3]! |= 1 << (row & 7);
  return result;
}
