import { FormatError } from '../../errors.ts';
import { partitionTypes } from './partition.ts';
import type { PartitionSpec, Schema } from './table-metadata.ts';

/**
 * Avro schemas of version 2 manifests and manifest lists. Names are for people: readers go by field id.
 * @source Apache Iceberg table specification, "Manifests", "Manifest Lists", "Appendix A: Avro"
 */
type Json = string | { readonly [key: string]: unknown } | readonly Json[];

function field(id: number, name: string, type: Json): Json {
  return { name, type, 'field-id': id };
}

function optional(id: number, name: string, type: Json): Json {
  return { name, type: ['null', type], default: null, 'field-id': id };
}

function record(name: string, fields: readonly Json[]): Json {
  return { type: 'record', name, fields };
}

/** A map with int keys, which Avro's own map cannot have. */
function intMap(keyId: number, valueId: number, valueType: string): Json {
  const items = record(`k${keyId}_v${valueId}`, [field(keyId, 'key', 'int'), field(valueId, 'value', valueType)]);
  return { type: 'array', logicalType: 'map', items };
}

function list(elementId: number, items: Json): Json {
  return { type: 'array', 'element-id': elementId, items };
}

export function manifestSchema(spec: PartitionSpec, schemas: readonly Schema[]): object {
  const types = partitionTypes(spec, schemas);
  const partition = spec.fields.map((each, index) => partitionAvroField(each['field-id'], each.name, types[index]!));
  const dataFile = record('r2', [
    field(134, 'content', 'int'),
    field(100, 'file_path', 'string'),
    field(101, 'file_format', 'string'),
    field(102, 'partition', record('r102', partition)),
    field(103, 'record_count', 'long'),
    field(104, 'file_size_in_bytes', 'long'),
    optional(108, 'column_sizes', intMap(117, 118, 'long')),
    optional(109, 'value_counts', intMap(119, 120, 'long')),
    optional(110, 'null_value_counts', intMap(121, 122, 'long')),
    optional(137, 'nan_value_counts', intMap(138, 139, 'long')),
    optional(125, 'lower_bounds', intMap(126, 127, 'bytes')),
    optional(128, 'upper_bounds', intMap(129, 130, 'bytes')),
    optional(131, 'key_metadata', 'bytes'),
    optional(132, 'split_offsets', list(133, 'long')),
    optional(135, 'equality_ids', list(136, 'int')),
    optional(140, 'sort_order_id', 'int'),
    optional(143, 'referenced_data_file', 'string'),
  ]);
  return record('manifest_entry', [
    field(0, 'status', 'int'),
    optional(1, 'snapshot_id', 'long'),
    optional(3, 'sequence_number', 'long'),
    optional(4, 'file_sequence_number', 'long'),
    field(2, 'data_file', dataFile),
  ]) as object;
}

/** Avro names are narrower than Iceberg's; the id finds the field all the same. */
function partitionAvroField(id: number, name: string, type: string): Json {
  const avroName = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
  return optional(id, avroName, partitionAvroType(type));
}

function partitionAvroType(type: string): Json {
  if (['boolean', 'int', 'long', 'float', 'double', 'string'].includes(type)) return type;
  if (type === 'date') return { type: 'int', logicalType: 'date' };
  if (type === 'time') return { type: 'long', logicalType: 'time-micros' };
  if (type === 'timestamp' || type === 'timestamptz')
    return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': type === 'timestamptz' };
  throw new FormatError(`Expected a partition type that can be written, got ${type}.`, { type });
}

const fieldSummary = record('r508', [
  field(509, 'contains_null', 'boolean'),
  optional(518, 'contains_nan', 'boolean'),
  optional(510, 'lower_bound', 'bytes'),
  optional(511, 'upper_bound', 'bytes'),
]);

export const manifestListSchema = record('manifest_file', [
  field(500, 'manifest_path', 'string'),
  field(501, 'manifest_length', 'long'),
  field(502, 'partition_spec_id', 'int'),
  field(517, 'content', 'int'),
  field(515, 'sequence_number', 'long'),
  field(516, 'min_sequence_number', 'long'),
  field(503, 'added_snapshot_id', 'long'),
  field(504, 'added_files_count', 'int'),
  field(505, 'existing_files_count', 'int'),
  field(506, 'deleted_files_count', 'int'),
  field(512, 'added_rows_count', 'long'),
  field(513, 'existing_rows_count', 'long'),
  field(514, 'deleted_rows_count', 'long'),
  optional(507, 'partitions', list(508, fieldSummary)),
  optional(519, 'key_metadata', 'bytes'),
]) as object;
