import type { ColumnType } from '#schemas/table-definition.ts';
import { FormatError } from '../../errors.ts';
import { plainBytes } from '../parquet/parquet-column.ts';

/** A value as bounds and partition summaries hold it. Dates are days, times microseconds since 1970. */
export type SingleValue = boolean | number | bigint | string;

const columnTypes: ReadonlySet<string> = new Set<ColumnType>([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'timestamptz',
  'string',
]);

/** @throws FormatError for a type whose values are not compared here (uuid, decimal, binary ...). */
export function encodeSingleValue(type: string, value: SingleValue): Uint8Array {
  const columnType = type === 'timestamp' || type === 'time' ? 'timestamptz' : type;
  if (!columnTypes.has(columnType)) throw new FormatError(`Expected a type with plain bounds, got ${type}.`, { type });
  return plainBytes(columnType as ColumnType, value);
}

/**
 * @param bytes A bound; int and float bounds of a column that was promoted to long or double keep their old width.
 * @returns null for a type whose bounds are not compared here, and for bytes of no possible width.
 * @source Apache Iceberg table specification, "Binary single-value serialization"
 */
export function decodeSingleValue(type: string, bytes: Uint8Array): SingleValue | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'boolean':
      return buffer.length === 1 ? buffer[0] !== 0 : null;
    case 'int':
    case 'date':
      return buffer.length === 4 ? buffer.readInt32LE() : null;
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      if (buffer.length === 4) return BigInt(buffer.readInt32LE());
      return buffer.length === 8 ? buffer.readBigInt64LE() : null;
    case 'float':
      return buffer.length === 4 ? buffer.readFloatLE() : null;
    case 'double':
      if (buffer.length === 4) return buffer.readFloatLE();
      return buffer.length === 8 ? buffer.readDoubleLE() : null;
    case 'string':
      return buffer.toString('utf8');
    default:
      return null;
  }
}

/**
 * Order of two values of one type; strings by their UTF-8 bytes, which is code point order and not the order of
 * JavaScript's comparison. NaN compares as neither less nor greater.
 */
export function compareSingleValues(a: SingleValue, b: SingleValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A lower bound of at most `codePointCount` characters: a prefix is never greater than the whole. */
export function truncatedLowerBound(text: string, codePointCount: number): string {
  return codePointsOf(text, codePointCount).slice(0, codePointCount).join('');
}

/**
 * An upper bound of at most `codePointCount` characters: the prefix with its last character replaced by the next one.
 * @returns null when no text of that length is greater.
 * @source Apache Iceberg table specification, "Data file fields", upper_bounds
 */
export function truncatedUpperBound(text: string, codePointCount: number): string | null {
  const points = codePointsOf(text, codePointCount);
  if (points.length <= codePointCount) return text;
  for (let position = codePointCount - 1; position >= 0; position--) {
    const next = nextCodePoint(points[position]!.codePointAt(0)!);
    if (next !== null) return points.slice(0, position).join('') + String.fromCodePoint(next);
  }
  return null;
}

/** The first characters, one more than wanted where there are more; a long text is not split as a whole. */
function codePointsOf(text: string, wantedCount: number): string[] {
  const points = Array.from(text.slice(0, 2 * (wantedCount + 1)));
  return points.slice(0, wantedCount + 1);
}

const lastBeforeSurrogates = 0xd7ff;
const firstAfterSurrogates = 0xe000;
const lastCodePoint = 0x10ffff;

function nextCodePoint(point: number): number | null {
  if (point === lastBeforeSurrogates) return firstAfterSurrogates;
  return point === lastCodePoint ? null : point + 1;
}
