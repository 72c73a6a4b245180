import type { TableDefinition } from '#schemas/table-definition.ts';
import {
  type CreateTableRequest,
  currentSchema,
  defaultSpec,
  type IcebergType,
  type PartitionField,
  type Schema,
  type SchemaField,
  type TableMetadata,
} from '../table-metadata.ts';
import { tableRequest } from '../table-request.ts';

/** All that the conventions are about, from wherever a table is described. */
export interface TableShape {
  /** Empty where the description has no namespace or name. */
  readonly namespace: string;
  readonly name: string;
  readonly formatVersion: number;
  readonly schema: Schema;
  /** Oldest first, the current one last. */
  readonly schemas: readonly Schema[];
  readonly partition: readonly PartitionField[];
  readonly properties: Readonly<Record<string, string>>;
}

export type DescribedTable = TableDefinition | CreateTableRequest | TableMetadata;

export function shapeOf(table: DescribedTable): TableShape {
  if ('columns' in table) return { ...ofRequest(tableRequest(table)), namespace: table.namespace };
  if ('schema' in table) return ofRequest(table);
  const schema = currentSchema(table);
  return {
    namespace: '',
    name: '',
    formatVersion: table['format-version'],
    schema,
    schemas: [...table.schemas.filter((each) => each !== schema).toSorted(bySchemaId), schema],
    partition: defaultSpec(table).fields,
    properties: table.properties,
  };
}

function bySchemaId(a: Schema, b: Schema): number {
  return a['schema-id'] - b['schema-id'];
}

function ofRequest(request: CreateTableRequest): TableShape {
  const { 'format-version': version, ...properties } = request.properties ?? {};
  return {
    namespace: '',
    name: request.name,
    formatVersion: Number(version ?? 2),
    schema: request.schema,
    schemas: [request.schema],
    partition: request['partition-spec']?.fields ?? [],
    properties,
  };
}

export interface PlacedField {
  /** Dotted from the top: `plot.polygon`. */
  readonly path: string;
  readonly field: SchemaField;
  /** Paths of the fields beside it share this. */
  readonly parent: string;
}

/** Every named field, those inside structs, lists and maps too, outer first. */
export function fieldsOf(schema: Pick<Schema, 'fields'>, parent = ''): PlacedField[] {
  return schema.fields.flatMap((field) => {
    const path = parent === '' ? field.name : `${parent}.${field.name}`;
    return [{ path, field, parent }, ...structsIn(field.type).flatMap((struct) => fieldsOf(struct, path))];
  });
}

function structsIn(type: IcebergType): Pick<Schema, 'fields'>[] {
  if (typeof type === 'string') return [];
  if (type.type === 'struct') return [type];
  if (type.type === 'list') return structsIn(type.element);
  return [...structsIn(type.key), ...structsIn(type.value)];
}

/** Names of all primitive types in a type. */
export function primitivesIn(type: IcebergType): string[] {
  if (typeof type === 'string') return [type];
  if (type.type === 'struct') return type.fields.flatMap((field) => primitivesIn(field.type));
  if (type.type === 'list') return primitivesIn(type.element);
  return [...primitivesIn(type.key), ...primitivesIn(type.value)];
}
