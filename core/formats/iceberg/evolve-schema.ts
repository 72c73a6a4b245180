import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import { tableName } from '#schemas/table-definition.ts';
import { ConfigurationError } from '../../errors.ts';
import { fieldIdsOf } from './parse-metadata.ts';
import { lintTable, requireConventions } from './table-conventions.ts';
import {
  currentSchema,
  defaultSpec,
  type Schema,
  type SchemaField,
  type TableCommit,
  type TableMetadata,
  type TableRequirement,
  type TableUpdate,
} from './table-metadata.ts';
import { metricsProperties, partitionFields, schemaField } from './table-request.ts';
import { isPromotion } from './type-promotion.ts';

export interface Evolution extends TableCommit {
  /** The schema after the commit. */
  readonly schema: Schema;
}

/**
 * What a table still lacks of its definition and of the columns that new files use: columns are added, int grows to long,
 * float to double, and a required column becomes optional where the definition says so. An id means one column for ever.
 *
 * @throws ConfigurationError when a column of the table has the same name but another id or a type that does not grow into
 *   the wanted one (or the other way about), when a required column would be added, when a dropped column's id would come
 *   back, when the table is partitioned otherwise, or when an engine could not read what would be added. Disposition: stop.
 */
export function evolveSchema(
  metadata: TableMetadata,
  table: TableDefinition,
  extraColumns: readonly ColumnDefinition[],
): Evolution {
  const schema = currentSchema(metadata);
  checkPartition(metadata, table);
  const missing = new Map<number, ColumnDefinition>();
  const changed = new Map<number, SchemaField>();
  for (const column of [...table.columns, ...extraColumns]) {
    const twin = missing.get(column.id);
    if (twin !== undefined && (twin.name !== column.name || twin.type !== column.type))
      refuse(table, column, `one column for id ${column.id}, got ${twin.name} (${twin.type}) too`);
    const field = fieldLike(schema, column);
    if (field === undefined) missing.set(column.id, column);
    else if (differs(field, column, table)) changed.set(field.id, grown(field, column));
  }
  if (missing.size === 0 && changed.size === 0) return { schema, requirements: [], updates: [] };
  const added = [...missing.values()];
  checkAdditions(metadata, added, table);
  const kept = schema.fields.map((field) => changed.get(field.id) ?? field);
  const schemaId = metadata.schemas.reduce((highest, each) => Math.max(highest, each['schema-id']), -1) + 1;
  const next: Schema = { ...schema, 'schema-id': schemaId, fields: [...kept, ...added.map(schemaField)] };
  const lastColumnId = Math.max(metadata['last-column-id'], ...added.map((column) => column.id));
  const metrics = metricsProperties(added);
  checkConventions(metadata, next, metrics, table);
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
function fieldLike(schema: Schema, column: ColumnDefinition): SchemaField | undefined {
  const name = column.name.toLowerCase();
  return schema.fields.find((field) => field.id === column.id || field.name.toLowerCase() === name);
}

/** @returns whether the table's column must change, in a way that older files allow */
function differs(field: SchemaField, column: ColumnDefinition, table: TableDefinition): boolean {
  const got = `${field.name} (${said(field)}, id ${field.id})`;
  if (field.id !== column.id || field.name !== column.name)
    refuse(table, column, `${column.name} (${column.type}, id ${column.id}), got ${got}`);
  const isRelaxed = field.required && !column.required;
  if (field.type === column.type || isPromotion(field.type, column.type))
    return isRelaxed || field.type !== column.type;
  if (isPromotion(column.type, field.type))
    refuse(
      table,
      column,
      `${said(field)} or a wider type, got ${column.type}: a type never narrows. Write ${said(field)}`,
    );
  refuse(
    table,
    column,
    `${column.name} (${column.type}, id ${column.id}), got ${got}: only int grows to long and float to double. Give another column name and id`,
  );
}

function grown(field: SchemaField, column: ColumnDefinition): SchemaField {
  return { ...field, type: column.type, required: field.required && column.required };
}

function said({ type }: SchemaField): string {
  return typeof type === 'string' ? type : type.type;
}

/** Only what the change brings is refused: what another program did to its table before is its own affair. */
function checkConventions(
  metadata: TableMetadata,
  next: Schema,
  metrics: Record<string, string>,
  table: TableDefinition,
): void {
  const evolved: TableMetadata = {
    ...metadata,
    schemas: [...metadata.schemas, next],
    'current-schema-id': next['schema-id'],
    properties: { ...metadata.properties, ...metrics },
  };
  requireConventions(tableName(table), lintTable(evolved), lintTable(metadata));
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
