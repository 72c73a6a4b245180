import { FormatError } from '../../errors.ts';
import { AvroRaw } from '../avro/avro-raw.ts';
import { type AvroRecord, type AvroValue, fieldKey } from '../avro/avro-value.ts';
import { lookUpInRaw, valueOfRaw } from '../avro/look-into-raw.ts';
import type { DataFile } from './data-file.ts';
import { partitionTypes } from './partition.ts';
import type { PartitionSpec, Schema } from './table-metadata.ts';

/** Field ids of `data_file` that the code reads or writes. @source Apache Iceberg table specification, "Data file fields" */
export const dataFileId = {
  content: 'f134',
  path: 'f100',
  format: 'f101',
  partition: 'f102',
  recordCount: 'f103',
  fileSizeBytes: 'f104',
  columnSizes: 'f108',
  valueCounts: 'f109',
  nullValueCounts: 'f110',
  nanValueCounts: 'f137',
  lowerBounds: 'f125',
  upperBounds: 'f128',
  splitOffsets: 'f132',
  equalityIds: 'f135',
  referencedDataFile: 'f143',
} as const;

/** Key and value ids of each map. */
const mapIds = {
  columnSizes: ['f117', 'f118'],
  valueCounts: ['f119', 'f120'],
  nullValueCounts: ['f121', 'f122'],
  nanValueCounts: ['f138', 'f139'],
  lowerBounds: ['f126', 'f127'],
  upperBounds: ['f129', 'f130'],
} as const;

type MapName = keyof typeof mapIds;

/** Statistics of columns, which stay bytes in decoded manifests: most readers need few of them. */
export const statisticsKeys: ReadonlySet<string> = new Set(
  (Object.keys(mapIds) as MapName[]).map((name) => dataFileId[name]),
);

/** The Avro record of a Parquet data file. @throws FormatError when the partition does not fit the spec. */
export function recordOfDataFile(file: DataFile, spec: PartitionSpec, schemas: readonly Schema[]): AvroRecord {
  return {
    [dataFileId.content]: 0,
    [dataFileId.path]: file.path,
    [dataFileId.format]: 'PARQUET',
    [dataFileId.partition]: partitionRecord(file, spec, schemas),
    [dataFileId.recordCount]: BigInt(file.recordCount),
    [dataFileId.fileSizeBytes]: BigInt(file.fileSizeBytes),
    [dataFileId.columnSizes]: countMap('columnSizes', file.columnSizes),
    [dataFileId.valueCounts]: countMap('valueCounts', file.valueCounts),
    [dataFileId.nullValueCounts]: countMap('nullValueCounts', file.nullValueCounts),
    [dataFileId.nanValueCounts]: countMap('nanValueCounts', file.nanValueCounts),
    [dataFileId.lowerBounds]: boundMap('lowerBounds', file.lowerBounds),
    [dataFileId.upperBounds]: boundMap('upperBounds', file.upperBounds),
    [dataFileId.splitOffsets]:
      file.splitOffsets.length === 0 ? null : file.splitOffsets.map((offset) => BigInt(offset)),
  };
}

function partitionRecord(file: DataFile, spec: PartitionSpec, schemas: readonly Schema[]): AvroRecord {
  const names = spec.fields.map((field) => field.name);
  const given = Object.keys(file.partition);
  if (given.length !== names.length || names.some((name) => !given.includes(name)))
    throw new FormatError(`Expected partition values for ${names.join(', ')}, got ${given.join(', ')} (${file.path}).`);
  const types = partitionTypes(spec, schemas);
  return Object.fromEntries(
    spec.fields.map((field, index) => {
      const value = file.partition[field.name] ?? null;
      const isText = types[index] === 'string';
      if (value !== null && (isText ? typeof value !== 'string' : !Number.isFinite(value)))
        throw new FormatError(
          `Expected a ${types[index]} for partition ${field.name}, got ${typeof value} ${value} (${file.path}).`,
        );
      return [fieldKey(field['field-id']), value];
    }),
  );
}

/** An empty map is left out: it says no more than none. */
function countMap(name: MapName, counts: Readonly<Record<string, number>>): AvroValue {
  return mapOf(name, counts, (count) => BigInt(count));
}

function boundMap(name: MapName, bounds: Readonly<Record<string, string>>): AvroValue {
  return mapOf(name, bounds, (bound) => Buffer.from(bound, 'base64'));
}

function mapOf<T>(name: MapName, from: Readonly<Record<string, T>>, encode: (value: T) => AvroValue): AvroValue {
  const [keyId, valueId] = mapIds[name];
  const ids = Object.keys(from).sort((a, b) => Number(a) - Number(b));
  return ids.length === 0 ? null : ids.map((id) => ({ [keyId]: Number(id), [valueId]: encode(from[id]!) }));
}

/**
 * The data file of a record that any writer made.
 * @param statisticsOf Field ids whose counts and bounds are wanted; all when absent.
 * @throws FormatError for counts beyond 2^53 and missing fields. Disposition: quarantine.
 */
export function dataFileOf(record: AvroRecord, spec: PartitionSpec, statisticsOf?: ReadonlySet<number>): DataFile {
  const values = record[dataFileId.partition] as AvroRecord | undefined;
  const offsets = (record[dataFileId.splitOffsets] ?? []) as readonly bigint[];
  const partition: Record<string, string | number | null> = {};
  for (const field of spec.fields) partition[field.name] = plainValue(values?.[fieldKey(field['field-id'])] ?? null);
  return {
    path: pathOf(record),
    partition,
    recordCount: Number(record[dataFileId.recordCount]),
    fileSizeBytes: Number(record[dataFileId.fileSizeBytes]),
    splitOffsets: offsets.map(Number),
    ...(statisticsOf?.size === 0 ? noStatistics : statisticsIn(record, statisticsOf)),
  };
}

/** Fields of a data file that say something of its columns. */
type Statistics = Pick<DataFile, MapName>;

/** A large plan would make a hundred thousand of these otherwise. */
const noStatistics: Statistics = {
  columnSizes: {},
  valueCounts: {},
  nullValueCounts: {},
  nanValueCounts: {},
  lowerBounds: {},
  upperBounds: {},
};

function statisticsIn(record: AvroRecord, statisticsOf: ReadonlySet<number> | undefined): Statistics {
  const numbers = (name: MapName) => numbersOf(entriesOf(name, record, statisticsOf));
  const bounds = (name: MapName) => boundsOf(entriesOf(name, record, statisticsOf));
  return {
    columnSizes: numbers('columnSizes'),
    valueCounts: numbers('valueCounts'),
    nullValueCounts: numbers('nullValueCounts'),
    nanValueCounts: numbers('nanValueCounts'),
    lowerBounds: bounds('lowerBounds'),
    upperBounds: bounds('upperBounds'),
  };
}

export function pathOf(record: AvroRecord): string {
  const path = record[dataFileId.path];
  if (typeof path === 'string') return path;
  throw new FormatError('Expected a file path in each manifest entry, got none.');
}

/** Partition values of other writers may have types that ours never have; those are kept as text. */
function plainValue(value: AvroValue): string | number | null {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

type MapEntry = readonly [id: string, value: AvroValue];

function numbersOf(entries: readonly MapEntry[]): Record<string, number> {
  return Object.fromEntries(entries.map(([id, value]) => [id, Number(value)]));
}

function boundsOf(entries: readonly MapEntry[]): Record<string, string> {
  return Object.fromEntries(entries.map(([id, value]) => [id, Buffer.from(value as Uint8Array).toString('base64')]));
}

function entriesOf(name: MapName, record: AvroRecord, wanted?: ReadonlySet<number>): MapEntry[] {
  const [keyId, valueId] = mapIds[name];
  const items = itemsOf(name, record);
  const kept = wanted === undefined ? items : items.filter((item) => wanted.has(item[keyId] as number));
  return kept.map((item) => [String(item[keyId]), item[valueId]!]);
}

/** One count of a column; null when the writer kept none. */
export function countOf(
  name: 'valueCounts' | 'nullValueCounts' | 'nanValueCounts',
  record: AvroRecord,
  columnId: number,
): bigint | null {
  return valueIn(name, record, columnId) as bigint | null;
}

/** One bound of a column; null when the writer kept none. */
export function boundOf(name: 'lowerBounds' | 'upperBounds', record: AvroRecord, columnId: number): Uint8Array | null {
  return valueIn(name, record, columnId) as Uint8Array | null;
}

function valueIn(name: MapName, record: AvroRecord, columnId: number): AvroValue {
  const [keyId, valueId] = mapIds[name];
  const map = record[dataFileId[name]] ?? null;
  if (map instanceof AvroRaw) return lookUpInRaw(map, keyId, columnId, valueId);
  return itemsOf(name, record).find((item) => item[keyId] === columnId)?.[valueId] ?? null;
}

function itemsOf(name: MapName, record: AvroRecord): readonly AvroRecord[] {
  const map = record[dataFileId[name]] ?? [];
  return (map instanceof AvroRaw ? valueOfRaw(map) : map) as readonly AvroRecord[];
}
