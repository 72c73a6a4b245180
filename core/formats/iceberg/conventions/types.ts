import type { IcebergType } from '../table-metadata.ts';
import { advice, type Finding, refusal } from './finding.ts';
import { fieldsOf, primitivesIn, type TableShape } from './table-shape.ts';

const decimalPrecisionMax = 38;

const plainTypes: ReadonlySet<string> = new Set([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'timestamp',
  'timestamptz',
  'string',
  'binary',
]);

/**
 * Types that an engine lacks, and what to write instead.
 * @source Amazon Athena User Guide, "Supported data types for Iceberg tables"; Apache Iceberg documentation, "Spark types"
 */
const refusedTypes: Readonly<Record<string, string>> = {
  time: 'Athena and Spark have no time of day. Write int seconds or a timestamptz.',
  uuid: 'Athena does not list it. Write a string.',
  fixed: 'Athena does not read it. Write binary or a string.',
  timestamp_ns: 'It needs format version 3, which Athena does not read. Write timestamptz in microseconds.',
  timestamptz_ns: 'It needs format version 3, which Athena does not read. Write timestamptz in microseconds.',
  variant: 'It needs format version 3, which Athena does not read. Write a string of JSON.',
  geometry: 'It needs format version 3, which Athena does not read. Write WKB as binary or GeoJSON as string.',
  geography: 'It needs format version 3, which Athena does not read. Write WKB as binary or GeoJSON as string.',
  unknown: 'It needs format version 3, which Athena does not read. Leave the column out.',
};

export function typeFindings(table: TableShape): Finding[] {
  const direct = fieldsOf(table.schema).filter(({ field }) => !isStruct(field.type));
  return direct.flatMap(({ path, field }) =>
    primitivesIn(withoutStructs(field.type)).flatMap((type) => typeFinding(`column ${path}`, type)),
  );
}

function isStruct(type: IcebergType): boolean {
  return typeof type !== 'string' && type.type === 'struct';
}

/** Fields of structs inside lists and maps are fields of their own: they are looked at there. */
function withoutStructs(type: IcebergType): IcebergType {
  if (typeof type === 'string') return type;
  if (type.type === 'struct') return { ...type, fields: [] };
  if (type.type === 'list') return { ...type, element: withoutStructs(type.element) };
  return { ...type, key: withoutStructs(type.key), value: withoutStructs(type.value) };
}

function typeFinding(where: string, type: string): Finding[] {
  if (type === 'timestamp') {
    const remedy =
      'Spark and Trino show it in no zone, Hive-style readers in theirs. Write timestamptz for an instant.';
    return [advice('type', where, 'Expected timestamptz, got timestamp', remedy)];
  }
  if (plainTypes.has(type)) return [];
  const decimal = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(type);
  if (decimal !== null) return decimalFinding(where, type, Number(decimal[1]), Number(decimal[2]));
  const name = /^[a-z_]+/.exec(type)?.[0] ?? type;
  const remedy =
    refusedTypes[name] ?? `Types that all engines read: ${[...plainTypes].join(', ')}, decimal, list, map, struct.`;
  return [refusal('type', where, `Expected a type that Athena, Glue, Spark and Trino read, got ${type}`, remedy)];
}

function decimalFinding(where: string, type: string, precision: number, scale: number): Finding[] {
  if (precision >= 1 && precision <= decimalPrecisionMax && scale <= precision) return [];
  const message = `Expected decimal(P, S) with S <= P <= ${decimalPrecisionMax}, got ${type}`;
  return [refusal('type', where, message, 'No engine holds more digits. Write double, or a string.')];
}
