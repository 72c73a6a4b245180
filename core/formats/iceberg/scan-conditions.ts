import { dayOfDate } from '../../day.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Condition, Operator, PartitionCondition } from './conditions.ts';
import { daysOfMicros, partitionType } from './partition.ts';
import type { Predicate } from './scan.ts';
import type { SingleValue } from './single-value.ts';
import type { PartitionSpec, Schema, SchemaField } from './table-metadata.ts';

/** A predicate with its column found and its values in the column's own units. */
export interface ColumnCondition {
  readonly column: SchemaField;
  readonly type: string;
  readonly condition: Condition;
}

/**
 * @throws ConfigurationError for a column that the table does not have and a value that its type cannot be compared with.
 *   Disposition: stop.
 */
export function columnConditions(
  predicates: readonly Predicate[],
  schema: Schema,
  table: string,
): (ColumnCondition | null)[] {
  return predicates.map((predicate) => {
    const column = schema.fields.find((field) => field.name === predicate.column);
    if (column === undefined)
      throw new ConfigurationError(`Expected a column of ${table}, got ${predicate.column}.`, {
        table,
        column: predicate.column,
      });
    // Types without plain bounds (lists, decimals) cannot skip a file; the rows are filtered all the same.
    if (typeof column.type !== 'string' || !prunable.has(column.type)) return null;
    const { type } = column;
    const given = Array.isArray(predicate.value) ? predicate.value : [predicate.value];
    const values = given.map((value: string | number | bigint) => valueFor(type, value, `${table}.${column.name}`));
    return { column, type, condition: { operator: predicate.op === 'in' ? '=' : predicate.op, values } };
  });
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

/** What the conditions on columns say of partition values: days and equal values keep the order of their source. */
export function partitionConditions(
  conditions: readonly ColumnCondition[],
  spec: PartitionSpec,
  schemas: readonly Schema[],
): PartitionCondition[] {
  const out: PartitionCondition[] = [];
  for (const [position, field] of spec.fields.entries()) {
    if (field.transform !== 'identity' && field.transform !== 'day') continue;
    for (const { column, type, condition } of conditions) {
      if (column.id !== field['source-id']) continue;
      const projected = field.transform === 'day' && type !== 'date' ? byDay(condition) : condition;
      out.push({
        position,
        fieldId: field['field-id'],
        type: partitionType(field, schemas),
        condition: projected,
      });
    }
  }
  return out;
}

/** Rows before a moment lie on its day or an earlier one: `<` becomes `<=` on days. */
function byDay(condition: Condition): Condition {
  const widened: Partial<Record<Operator, Operator>> = { '<': '<=', '>': '>=' };
  return {
    operator: widened[condition.operator] ?? condition.operator,
    values: condition.values.map((value) => daysOfMicros(value as bigint)),
  };
}
