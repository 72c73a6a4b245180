import { dayOfDate } from '../../day.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Condition } from './conditions.ts';
import type { SingleValue } from './single-value.ts';
import type { Schema, SchemaField } from './table-metadata.ts';

/** One condition; a scan's conditions all hold. Dates are `yyyy-mm-dd`, times ISO text or microseconds since 1970. */
export interface Predicate {
  readonly column: string;
  readonly op: '=' | '<' | '<=' | '>' | '>=' | 'in';
  readonly value: string | number | bigint | readonly (string | number | bigint)[];
}

/** A condition built of others. It holds for a row only where it is true; for NULL only `is null` is. */
export type Filter =
  | Predicate
  | { readonly column: string; readonly op: '!='; readonly value: string | number | bigint }
  | { readonly column: string; readonly op: 'is null' | 'is not null' }
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] };

/** A condition with its column found and its values in the column's own units. */
export interface ColumnCondition {
  readonly column: SchemaField;
  readonly type: string;
  readonly condition: Condition;
}

/** A filter whose columns are found. `true` where nothing can be said of files. */
export type BoundFilter =
  | true
  | ColumnCondition
  | { readonly all: readonly BoundFilter[] }
  | { readonly any: readonly BoundFilter[] };

/**
 * @throws ConfigurationError for a column that the table does not have and a value that its type cannot be compared with.
 *   Disposition: stop.
 */
export function bindFilter(filter: Filter, schema: Schema, table: string): BoundFilter {
  if ('all' in filter) return { all: filter.all.map((each) => bindFilter(each, schema, table)) };
  if ('any' in filter) return { any: filter.any.map((each) => bindFilter(each, schema, table)) };
  const column = schema.fields.find((field) => field.name === filter.column);
  if (column === undefined)
    throw new ConfigurationError(`Expected a column of ${table}, got ${filter.column}.`, {
      table,
      column: filter.column,
    });
  if (typeof column.type !== 'string') return true;
  const { type } = column;
  if (!('value' in filter)) return { column, type, condition: { operator: filter.op, values: [] } };
  // Types without plain bounds (decimals, binary) cannot skip a file; the rows are filtered all the same.
  if (!prunable.has(type)) return true;
  const given = Array.isArray(filter.value) ? filter.value : [filter.value];
  const values = given.map((value: string | number | bigint) => valueFor(type, value, `${table}.${column.name}`));
  return { column, type, condition: { operator: filter.op === 'in' ? '=' : filter.op, values } };
}

/** Whether the filter can be true where `mayHold` tells it of each condition: true for all that is not known. */
export function filterMayHold(filter: BoundFilter, mayHold: (condition: ColumnCondition) => boolean): boolean {
  if (filter === true) return true;
  if ('all' in filter) return filter.all.every((each) => filterMayHold(each, mayHold));
  if ('any' in filter) return filter.any.some((each) => filterMayHold(each, mayHold));
  return mayHold(filter);
}

/** All conditions in a filter, in order. */
export function conditionsIn(filter: BoundFilter): ColumnCondition[] {
  if (filter === true) return [];
  if ('all' in filter) return filter.all.flatMap(conditionsIn);
  return 'any' in filter ? filter.any.flatMap(conditionsIn) : [filter];
}

const numeric: ReadonlySet<string> = new Set(['int', 'long', 'float', 'double']);
const prunable: ReadonlySet<string> = new Set([...numeric, 'date', 'timestamp', 'timestamptz', 'string']);

function valueFor(type: string, value: string | number | bigint, where: string): SingleValue {
  if (type === 'string' && typeof value === 'string') return value;
  if (numeric.has(type) && typeof value !== 'string' && !Number.isNaN(value)) return value;
  if (type === 'date' && typeof value === 'string' && !Number.isNaN(dayOfDate(value))) return dayOfDate(value);
  if (type === 'timestamp' || type === 'timestamptz') {
    if (typeof value === 'bigint') return value;
    const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    // Text finer than a millisecond would be rounded: say so instead of skipping the wrong file.
    if (!Number.isNaN(timeMs) && !/\.\d{4}/.test(String(value))) return BigInt(timeMs) * 1000n;
  }
  throw new ConfigurationError(`Expected a ${type} to compare ${where} with, got ${typeof value} ${value}.`, { where });
}
