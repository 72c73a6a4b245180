/** Types of columns that our tables use; a subset that Iceberg v2, Athena, Glue, Trino, Spark and DuckDB all read. */
export type ColumnType = 'boolean' | 'int' | 'long' | 'float' | 'double' | 'date' | 'timestamptz' | 'string';

export interface ColumnDefinition {
  /** Iceberg field id: fixed for ever, never reused. */
  readonly id: number;
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
  readonly doc: string;
  /** Which statistics the manifests keep: `full` bounds, or `none`. */
  readonly metrics: 'full' | 'none';
}

export interface PartitionFieldDefinition {
  /** Partition field id, from 1000. */
  readonly id: number;
  readonly name: string;
  readonly sourceColumn: string;
  readonly transform: 'identity' | 'day';
}

export interface TableDefinition {
  readonly namespace: string;
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly ColumnDefinition[];
  readonly partition: readonly PartitionFieldDefinition[];
}

export function tableName(table: Pick<TableDefinition, 'namespace' | 'name'>): string {
  return `${table.namespace}.${table.name}`;
}
