import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import { tableName } from '#schemas/table-definition.ts';
import { ConfigurationError } from '../../errors.ts';
import { metricsProperties, partitionFields, schemaField } from './create-table.ts';
import { fieldIdsOf } from './parse-metadata.ts';
import {
  currentSchema,
  defaultSpec,
  type Schema,
  type TableCommit,
  type TableMetadata,
  type TableRequirement,
  type TableUpdate,
} from './table-metadata.ts';

export interface Evolution extends TableCommit {
  /** The schema after the commit. */
  readonly schema: Schema;
}

/**
 * What a table still lacks of its definition and of the columns that new files use. Columns are only ever added: an id
 * means one column for ever.
 *
 * @throws ConfigurationError when a column of the table has the same name but another id or type (or the other way about),
 *   when a required column would be added, when a dropped column's id would come back, or when the table is partitioned
 *   otherwise. Disposition: stop.
 */
export function evolveSchema(
  metadata: TableMetadata,
  table: TableDefinition,
  extraColumns: readonly ColumnDefinition[],
): Evolution {
  const schema = currentSchema(metadata);
  checkPartition(metadata, table);
  const wanted = [...table.columns, ...extraColumns];
  const missing = new Map<number, ColumnDefinition>();
  for (const column of wanted) {
    const twin = missing.get(column.id);
    if (twin !== undefined && (twin.name !== column.name || twin.type !== column.type))
      refuse(table, column, `one column for id ${column.id}, got ${twin.name} (${twin.type}) too`);
    if (twin === undefined && !isPresent(schema, column, table)) missing.set(column.id, column);
  }
  const added = [...missing.values()];
  if (added.length === 0) return { schema, requirements: [], updates: [] };
  checkAdditions(metadata, added, table);
  const fields = [...schema.fields, ...added.map(schemaField)];
  const schemaId = metadata.schemas.reduce((highest, each) => Math.max(highest, each['schema-id']), -1) + 1;
  const next: Schema = { ...schema, 'schema-id': schemaId, fields };
  const lastColumnId = Math.max(metadata['last-column-id'], ...added.map((column) => column.id));
  const metrics = metricsProperties(added);
  const requirements: TableRequirement[] = [
    { type: 'assert-current-schema-id', 'current-schema-id': metadata['current-schema-id'] },
    { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': metadata['last-column-id'] },
  ];
  const updates: TableUpdate[] = [
    { action: 'add-schema', schema: next, 'last-column-id': lastColumnId },
    { action: 'set-current-schema', 'schema-id': -1 },
    ...(Object.keys(metrics).length === 0 ? [] : [{ action: 'set-properties', updates: metrics } as const]),
  ];
  return { schema: next, requirements, updates };
}

/** Names that differ in case only are one name to Glue, Athena and Spark. */
function isPresent(schema: Schema, column: ColumnDefinition, table: TableDefinition): boolean {
  const same = schema.fields.find(
    (field) => field.id === column.id || field.name.toLowerCase() === column.name.toLowerCase(),
  );
  if (same === undefined) return false;
  if (same.id !== column.id || same.name !== column.name || same.type !== column.type)
    refuse(
      table,
      column,
      `${column.name} (${column.type}, id ${column.id}), got ${same.name} (${String(same.type)}, id ${same.id})`,
    );
  return true;
}

function checkAdditions(metadata: TableMetadata, added: readonly ColumnDefinition[], table: TableDefinition): void {
  const used = new Set(metadata.schemas.flatMap(fieldIdsOf));
  const names = new Set<string>();
  for (const column of added) {
    if (used.has(column.id)) refuse(table, column, `an id that no dropped column had, got ${column.id}`);
    if (column.id < 1) refuse(table, column, `an id from 1, got ${column.id}`);
    if (column.required && metadata.snapshots.length > 0)
      refuse(table, column, 'an optional column, got a required one, which older rows lack');
    const name = column.name.toLowerCase();
    if (names.has(name)) refuse(table, column, `each new name once, got ${column.name} twice`);
    names.add(name);
  }
}

function checkPartition(metadata: TableMetadata, table: TableDefinition): void {
  const say = (fields: ReturnType<typeof partitionFields>): string =>
    fields.map((field) => `${field.name} = ${field.transform}(${field['source-id']})`).join(', ') || 'none';
  const wanted = say(partitionFields(table));
  const actual = say(defaultSpec(metadata).fields);
  if (wanted !== actual)
    throw new ConfigurationError(
      `Expected partition ${wanted}, got ${actual} (table ${tableName(table)}). Another program made or changed this table.`,
      { table: tableName(table) },
    );
}

function refuse(table: TableDefinition, column: ColumnDefinition, expectation: string): never {
  throw new ConfigurationError(`Expected ${expectation} (column ${column.name} of ${tableName(table)}).`, {
    table: tableName(table),
    column: column.name,
  });
}
