import { dayOfDate } from '../../day.ts';
import { FormatError } from '../../errors.ts';
import type { DataFile } from './data-file.ts';
import type { PartitionField, PartitionSpec, Schema } from './table-metadata.ts';

const dayMicros = 86_400_000_000n;

/** Days since 1970 of microseconds since 1970, rounded down: the last microsecond of 1969 is day -1. */
export function daysOfMicros(micros: bigint): number {
  const days = micros / dayMicros;
  return Number(micros % dayMicros < 0n ? days - 1n : days);
}

/** Partition values that the path tells, for guessing which manifests hold a file; never for reading rows. */
export function partitionGuess(fields: readonly PartitionField[], path: string): DataFile['partition'] | null {
  const values: Record<string, string | number | null> = {};
  for (const field of fields) {
    const found = path.split('/').find((segment) => segment.startsWith(`${encodeURIComponent(field.name)}=`));
    if (found === undefined) return null;
    const text = decodeSegment(found.slice(found.indexOf('=') + 1));
    const value = field.transform === 'day' ? dayOfDate(text) : text;
    if (Number.isNaN(value)) return null;
    values[field.name] = value;
  }
  return values;
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Iceberg type of a partition value.
 * @throws FormatError for a source column that no schema has and for an unknown transform. Disposition: quarantine.
 * @source Apache Iceberg table specification, "Partition Transforms"
 */
export function partitionType(field: PartitionField, schemas: readonly Schema[]): string {
  const { transform } = field;
  if (transform === 'day') return 'date';
  if (['year', 'month', 'hour'].includes(transform) || /^bucket\[\d+\]$/.test(transform)) return 'int';
  if (transform !== 'identity' && transform !== 'void' && !/^truncate\[\d+\]$/.test(transform))
    throw new FormatError(`Expected a known partition transform, got ${transform} (${field.name}).`, { transform });
  const source = schemas.flatMap((schema) => schema.fields).findLast((each) => each.id === field['source-id']);
  if (source === undefined || typeof source.type !== 'string')
    throw new FormatError(
      `Expected a plain column with id ${field['source-id']} for partition ${field.name}, got none.`,
    );
  return source.type;
}

/** Types of a spec's values in order. */
export function partitionTypes(spec: PartitionSpec, schemas: readonly Schema[]): string[] {
  return spec.fields.map((field) => partitionType(field, schemas));
}
