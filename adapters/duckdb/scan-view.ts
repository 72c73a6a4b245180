import { FormatError } from '#core/errors.ts';
import type { DeleteFile, PlannedFile } from '#core/formats/iceberg/scan.ts';
import { joinsOfDeletes } from './deleted-rows.ts';
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
  /** Local paths of the Parquet files that the planner picked and that no row was deleted from. */
  readonly paths: readonly string[];
  /** Files with deleted rows; none by default. */
  readonly deleted?: FilesWithDeletes;
  /** Local paths that must be shown to carry field ids before they are read; none by default. */
  readonly checkedPaths?: readonly string[];
  /** Condition on the rows of the view; none by default. */
  readonly condition?: string;
}

/** Data files beside the delete files that apply to some of them. */
export interface FilesWithDeletes {
  readonly files: readonly (Pick<PlannedFile, 'path' | 'sequenceNumber' | 'partitionKey'> & LocalFile)[];
  readonly deletes: readonly (DeleteFile & LocalFile)[];
  /** Columns that equality deletes name, dropped ones too. */
  readonly columns: readonly ScanColumn[];
}

export interface LocalFile {
  readonly localPath: string;
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
 * NULL for it; a table without files is an empty view of the right types; deleted rows are left out.
 *
 * @throws FormatError for a column whose type SQL cannot show. Disposition: quarantine.
 */
export function createScanView(view: ScanView): string {
  const table = `${view.schema}.${view.name}`;
  const where = view.condition === undefined ? '' : ` WHERE ${view.condition}`;
  const parts: string[] = [];
  if (view.paths.length > 0) parts.push(`SELECT * FROM ${readFiles(view.paths, view.columns, table)}${where}`);
  const { deleted } = view;
  if (deleted !== undefined && deleted.files.length > 0) {
    const names = view.columns.map(({ id, name }) => `d.c${id} AS ${identifier(name)}`).join(', ');
    const hidden = numbered([...deleted.columns, ...view.columns]);
    const paths = deleted.files.map((file) => file.localPath);
    const rows = `SELECT ${names} FROM ${readFiles(paths, hidden, table)} AS d ${joinsOfDeletes(deleted, table)}`;
    parts.push(`SELECT * FROM (${rows})${where}`);
  }
  if (parts.length === 0) {
    const nulls = view.columns.map(
      (column) => `CAST(NULL AS ${duckdbTypeOf(column, table)}) AS ${identifier(column.name)}`,
    );
    parts.push(`SELECT ${nulls.join(', ')} WHERE false`);
  }
  return `CREATE VIEW ${identifier(view.schema)}.${identifier(view.name)} AS ${parts.join(' UNION ALL ')}`;
}

/** Each column once, named by its id, so that no name can be that of DuckDB's own columns. */
export function numbered(columns: readonly ScanColumn[]): ScanColumn[] {
  return [...new Map(columns.map((column) => [column.id, { ...column, name: `c${column.id}` }])).values()];
}

/** A FROM item that reads columns by field id. @throws FormatError for a type that SQL cannot show. */
export function readFiles(paths: readonly string[], columns: readonly ScanColumn[], table: string): string {
  const fields = columns.map(
    (column) =>
      `${column.id}: {name: ${literal(column.name)}, type: ${literal(duckdbTypeOf(column, table))}, default_value: NULL}`,
  );
  // Without hive_partitioning = false a folder named farm_id=x would override the column.
  return `read_parquet([${paths.map(literal).join(', ')}], schema = MAP {${fields.join(', ')}}, hive_partitioning = false)`;
}

function duckdbTypeOf(column: ScanColumn, table: string): string {
  const type = duckdbTypes[column.type] ?? /^decimal\(\s*\d+\s*,\s*\d+\s*\)$/.exec(column.type)?.[0];
  if (type === undefined) {
    throw new FormatError(
      `Expected a column type that SQL can show, got ${column.type} (${table}, column ${column.name}).`,
      { table, column: column.name },
    );
  }
  return type;
}
