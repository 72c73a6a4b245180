import { FormatError } from '#core/errors.ts';
import { identifier, literal } from './quoting.ts';

export interface ScanColumn {
  /** Iceberg field id: columns are found in files by it, never by name or position. */
  readonly id: number;
  readonly name: string;
  /** Iceberg type. */
  readonly type: string;
}

export interface ScanView {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ScanColumn[];
  /** Local paths of the Parquet files that the planner picked. */
  readonly paths: readonly string[];
}

const duckdbTypes: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  string: 'VARCHAR',
  uuid: 'UUID',
  binary: 'BLOB',
};

/**
 * A view over exactly these files with exactly these columns. A file that was written before a column existed gives
 * NULL for it; a table without files is an empty view of the right types.
 *
 * @throws FormatError for a column whose type SQL cannot show. Disposition: quarantine.
 */
export function createScanView(view: ScanView): string {
  const name = `${identifier(view.schema)}.${identifier(view.name)}`;
  const columns = view.columns.map((column) => ({ ...column, type: duckdbTypeOf(column, view) }));
  if (view.paths.length === 0) {
    const nulls = columns.map((column) => `CAST(NULL AS ${column.type}) AS ${identifier(column.name)}`);
    return `CREATE VIEW ${name} AS SELECT ${nulls.join(', ')} WHERE false`;
  }
  const fields = columns.map(
    (column) => `${column.id}: {name: ${literal(column.name)}, type: ${literal(column.type)}, default_value: NULL}`,
  );
  const files = view.paths.map(literal).join(', ');
  // Without hive_partitioning = false a folder named farm_id=x would override the column.
  return `CREATE VIEW ${name} AS SELECT * FROM read_parquet([${files}], schema = MAP {${fields.join(', ')}}, hive_partitioning = false)`;
}

function duckdbTypeOf(column: ScanColumn, view: ScanView): string {
  const type = duckdbTypes[column.type] ?? /^decimal\(\s*\d+\s*,\s*\d+\s*\)$/.exec(column.type)?.[0];
  if (type === undefined) {
    throw new FormatError(
      `Expected a column type that SQL can show, got ${column.type} (${view.schema}.${view.name}, column ${column.name}).`,
      { table: `${view.schema}.${view.name}`, column: column.name },
    );
  }
  return type;
}
