import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import { FormatError } from '../../errors.ts';
import { previousVersionsProperty } from './apply-updates.ts';
import type { CreateTableRequest, PartitionSpec, SchemaField } from './table-metadata.ts';

/** A definition as a catalog is asked for it, not yet held against the conventions. */
export function tableRequest(table: TableDefinition): CreateTableRequest {
  return {
    name: table.name,
    schema: { type: 'struct', 'schema-id': 0, fields: table.columns.map(schemaField) },
    'partition-spec': { 'spec-id': 0, fields: partitionFields(table) },
    'write-order': { 'order-id': 0, fields: [] },
    properties: {
      'format-version': '2',
      comment: table.doc,
      'write.format.default': 'parquet',
      'write.parquet.compression-codec': 'zstd',
      [previousVersionsProperty]: '100',
      'write.metadata.metrics.default': 'none',
      ...metricsProperties(table.columns),
    },
  };
}

export function schemaField(column: ColumnDefinition): SchemaField {
  return { id: column.id, name: column.name, required: column.required, type: column.type, doc: column.doc };
}

/** Only columns that are searched by keep bounds: hundreds of band columns must not fill the manifests. */
export function metricsProperties(columns: readonly ColumnDefinition[]): Record<string, string> {
  const kept = columns.filter((column) => column.metrics === 'full');
  return Object.fromEntries(kept.map((column) => [`write.metadata.metrics.column.${column.name}`, 'full']));
}

export function partitionFields(table: TableDefinition): PartitionSpec['fields'] {
  return table.partition.map((field) => {
    const source = table.columns.find((column) => column.name === field.sourceColumn);
    if (source === undefined)
      throw new FormatError(`Expected a column ${field.sourceColumn} to partition ${table.name} by, got none.`);
    return { 'source-id': source.id, 'field-id': field.id, name: field.name, transform: field.transform };
  });
}
