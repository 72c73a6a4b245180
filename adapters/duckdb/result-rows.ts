import {
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBMapValue,
  type DuckDBStructValue,
  type DuckDBTimestampTZValue,
  type DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';

const msPerDay = 86_400_000;

/**
 * A value of a result as plain JavaScript: numbers, bigint for 64 and 128 bits, text, booleans, null, arrays, objects.
 * Dates are `yyyy-mm-dd`, timestamps ISO 8601 with microseconds where there are any (with `Z` when they name an instant),
 * everything that JavaScript has no type for is DuckDB's own text.
 */
export function plainValue(value: DuckDBValue, type: DuckDBType): unknown {
  if (value === null || typeof value !== 'object') return value;
  switch (type.typeId) {
    case DuckDBTypeId.DATE:
      return dateText(value as DuckDBDateValue);
    case DuckDBTypeId.TIMESTAMP:
      return timestampText(value as DuckDBTimestampValue, '');
    case DuckDBTypeId.TIMESTAMP_TZ:
      return timestampText(value as DuckDBTimestampTZValue, 'Z');
    case DuckDBTypeId.DECIMAL:
      return decimalValue(value as DuckDBDecimalValue);
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY: {
      const { valueType } = type as unknown as { valueType: DuckDBType };
      return (value as DuckDBListValue).items.map((item) => plainValue(item, valueType));
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as unknown as { entryNames: string[]; entryTypes: DuckDBType[] };
      const { entries } = value as DuckDBStructValue;
      return Object.fromEntries(
        entryNames.map((name, index) => [name, plainValue(entries[name]!, entryTypes[index]!)]),
      );
    }
    case DuckDBTypeId.MAP: {
      const { keyType, valueType } = type as unknown as { keyType: DuckDBType; valueType: DuckDBType };
      return (value as DuckDBMapValue).entries.map((entry) => ({
        key: plainValue(entry.key, keyType),
        value: plainValue(entry.value, valueType),
      }));
    }
    default:
      return String(value);
  }
}

/** Days since 1970-01-01, negative before. What lies beyond JavaScript's calendar is DuckDB's own text. */
function dateText(value: DuckDBDateValue): string {
  if (!value.isFinite) return value.days > 0 ? 'infinity' : '-infinity';
  const time = new Date(value.days * msPerDay);
  return Number.isNaN(time.getTime()) ? value.toString() : isoYear(time, 10);
}

function timestampText(value: DuckDBTimestampValue | DuckDBTimestampTZValue, suffix: string): string {
  if (!value.isFinite) return value.micros > 0n ? 'infinity' : '-infinity';
  const fraction = ((value.micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const time = new Date(Number((value.micros - fraction) / 1000n));
  if (Number.isNaN(time.getTime())) return value.toString();
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0')}`;
  return `${isoYear(time, 19)}${digits}${suffix}`;
}

/** ISO text up to `length` characters after a four-digit year; years outside 0..9999 keep their sign and six digits. */
function isoYear(time: Date, length: number): string {
  const text = time.toISOString();
  return text.slice(0, /^[+-]/.test(text) ? length + 3 : length);
}

/** A number while a double holds all digits, text beyond. */
function decimalValue(value: DuckDBDecimalValue): number | string {
  return value.width <= 15 ? value.toDouble() : value.toString();
}

/** A plain value for JSON: bigint beyond 2^53 becomes text, and so do NaN and the infinities, which JSON would make null. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonValue(item)]));
  }
  return value;
}
