import type { TableDefinition } from '#schemas/table-definition.ts';
import { tableName } from '#schemas/table-definition.ts';
import { FormatError } from '../../errors.ts';
import { contradictionIn, fieldIdsOf, highestFieldId, lastPartitionId } from './parse-metadata.ts';
import { lintTable, requireConventions } from './table-conventions.ts';
import type { CreateTableRequest, PartitionSpec, Schema, TableMetadata } from './table-metadata.ts';
import { tableRequest } from './table-request.ts';

/**
 * What every catalog is asked for when a table of ours is not there yet.
 * @throws ConfigurationError for a table that Athena, Glue, Spark or Trino could not read. Disposition: stop.
 */
export function createTableRequest(table: TableDefinition): CreateTableRequest {
  requireConventions(tableName(table), lintTable(table));
  return tableRequest(table);
}

export interface TableBirth {
  readonly uuid: string;
  readonly location: string;
  readonly nowMs: number;
}

/**
 * Metadata of a table without snapshots. Field ids stay as asked for when they can; a client that counts from 0 (Spark)
 * gets new ones, as every catalog gives.
 *
 * @throws FormatError for ids or names that occur twice, and for a format version other than 2. Disposition: quarantine.
 */
export function newTableMetadata(request: CreateTableRequest, birth: TableBirth): TableMetadata {
  const { 'format-version': version, ...properties } = request.properties ?? {};
  if (version !== undefined && version !== '2')
    throw new FormatError(`Expected format version 2, got ${version} (table ${request.name}).`, { version });
  const newIds = fieldIdsOf(request.schema).some((id) => id < 1) ? 1 : 0;
  const schema: Schema = { ...shifted(request.schema, newIds), 'schema-id': 0 };
  const spec = numbered(request['partition-spec'] ?? null, newIds);
  const order = request['write-order'] ?? { 'order-id': 0, fields: [] };
  const isSorted = order.fields.length > 0;
  const sortFields = order.fields.map((field) => ({ ...field, 'source-id': field['source-id'] + newIds }));
  const metadata: TableMetadata = {
    'format-version': 2,
    'table-uuid': birth.uuid,
    location: birth.location,
    'last-sequence-number': 0n,
    'last-updated-ms': Math.floor(birth.nowMs),
    'last-column-id': highestFieldId([schema]),
    schemas: [schema],
    'current-schema-id': 0,
    'partition-specs': [spec],
    'default-spec-id': 0,
    'last-partition-id': lastPartitionId([spec]),
    'sort-orders': [{ 'order-id': isSorted ? 1 : 0, fields: sortFields }],
    'default-sort-order-id': isSorted ? 1 : 0,
    properties,
    'current-snapshot-id': null,
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
    refs: {},
  };
  const problem = contradictionIn(metadata);
  if (problem !== null) throw new FormatError(`Expected ${problem} (table ${request.name}).`, { table: request.name });
  return metadata;
}

function numbered(spec: PartitionSpec | null, idShift: number): PartitionSpec {
  const fields = (spec?.fields ?? []).map((field, index) => ({
    ...field,
    'source-id': field['source-id'] + idShift,
    'field-id': field['field-id'] ?? 1000 + index,
  }));
  return { 'spec-id': 0, fields };
}

/** The same schema with every id moved up, nested ones too. */
function shifted<T>(node: T, idShift: number): T {
  if (idShift === 0 || typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((each) => shifted(each, idShift)) as T;
  const isId = (key: string) => key === 'id' || key === 'element-id' || key === 'key-id' || key === 'value-id';
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      isId(key)
        ? (value as number) + idShift
        : key === 'identifier-field-ids'
          ? (value as number[]).map((id) => id + idShift)
          : shifted(value, idShift),
    ]),
  ) as T;
}
