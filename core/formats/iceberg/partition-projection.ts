import { bucketOf } from './bucket-hash.ts';
import type { Condition, Operator, PartitionCondition } from './conditions.ts';
import { daysOfMicros, partitionType } from './partition.ts';
import type { ColumnCondition } from './scan-conditions.ts';
import type { SingleValue } from './single-value.ts';
import type { PartitionField, PartitionSpec, Schema } from './table-metadata.ts';

/**
 * What a condition on a column says of the partition values of a spec. What it does not say is left out.
 * @source Apache Iceberg table specification, "Partition Transforms", "Scan Planning"
 */
export function partitionConditions(
  { column, type, condition }: ColumnCondition,
  spec: PartitionSpec,
  schemas: readonly Schema[],
): PartitionCondition[] {
  const out: PartitionCondition[] = [];
  for (const [position, field] of spec.fields.entries()) {
    if (field['source-id'] !== column.id) continue;
    const projected = projectedCondition(condition, field, type);
    if (projected === null) continue;
    out.push({ position, fieldId: field['field-id'], type: partitionType(field, schemas), condition: projected });
  }
  return out;
}

function projectedCondition(condition: Condition, { transform }: PartitionField, type: string): Condition | null {
  const { operator, values } = condition;
  // A void partition value is NULL for every row.
  if (transform === 'void') return null;
  // All other transforms keep NULL, and give NULL for nothing else.
  if (operator === 'is null' || operator === 'is not null') return condition;
  if (transform === 'identity' || (transform === 'day' && type === 'date')) return condition;
  if (operator === '!=') return null;
  const apply = transformer(transform, type);
  if (apply === null || (apply.isHash && operator !== '=')) return null;
  const projected = values.map((value) => apply.of(value));
  if (projected.includes(null)) return null;
  return { operator: widened[operator] ?? operator, values: projected as SingleValue[] };
}

/** Rows before a moment lie in its day or an earlier one: `<` becomes `<=` on what is rounded down. */
const widened: Partial<Record<Operator, Operator>> = { '<': '<=', '>': '>=' };

interface Transformer {
  /** A hash keeps equality only; the others keep order too. */
  readonly isHash: boolean;
  /** null where the partition value cannot be told. */
  of(value: SingleValue): SingleValue | null;
}

function transformer(transform: string, type: string): Transformer | null {
  const width = Number(/\[(\d+)\]$/.exec(transform)?.[1]);
  if (transform.startsWith('bucket[')) return { isHash: true, of: (value) => bucketed(value, width) };
  if (transform.startsWith('truncate[')) return { isHash: false, of: (value) => truncated(value, width) };
  const isDate = type === 'date';
  if (!isDate && type !== 'timestamp' && type !== 'timestamptz') return null;
  const dayOf = (value: SingleValue) => (isDate ? Number(value) : daysOfMicros(BigInt(value)));
  if (transform === 'day') return { isHash: false, of: dayOf };
  if (transform === 'month') return { isHash: false, of: (value) => monthOfDay(dayOf(value)) };
  if (transform === 'year') return { isHash: false, of: (value) => Math.floor(monthOfDay(dayOf(value)) / 12) };
  if (transform === 'hour' && !isDate) return { isHash: false, of: (value) => hourOfMicros(BigInt(value)) };
  return null;
}

function bucketed(value: SingleValue, bucketCount: number): number | null {
  if (typeof value === 'string' || typeof value === 'bigint') return bucketOf(value, bucketCount);
  return Number.isSafeInteger(value) ? bucketOf(BigInt(value), bucketCount) : null;
}

function truncated(value: SingleValue, width: number): SingleValue | null {
  if (typeof value === 'string') return Array.from(value).slice(0, width).join('');
  if (typeof value === 'number') return Math.floor(value / width) * width;
  if (typeof value !== 'bigint') return null;
  const rest = value % BigInt(width);
  return value - (rest < 0n ? rest + BigInt(width) : rest);
}

/** Months since January 1970, negative before. */
function monthOfDay(day: number): number {
  const date = new Date(day * 86_400_000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

const hourMicros = 3_600_000_000n;

function hourOfMicros(micros: bigint): number {
  const hours = micros / hourMicros;
  return Number(micros % hourMicros < 0n ? hours - 1n : hours);
}
