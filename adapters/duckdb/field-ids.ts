import type { DuckDBConnection } from '@duckdb/node-api';
import { FormatError } from '#core/errors.ts';
import { literal } from './quoting.ts';

/**
 * Columns are found by field id, and a file without ids reads as NULL everywhere: such files, which some programs add to
 * a table as they are, are refused by name.
 * @throws FormatError. Disposition: quarantine.
 */
export async function refuseWithoutFieldIds(
  connection: DuckDBConnection,
  paths: readonly string[],
  table: string,
): Promise<void> {
  if (paths.length === 0) return;
  const files = [...new Set(paths)].map(literal).join(', ');
  const found = await connection.runAndReadAll(
    `SELECT file_name FROM parquet_schema([${files}]) GROUP BY file_name HAVING count(field_id) = 0 ORDER BY file_name LIMIT 1`,
  );
  const path = found.getRows()[0]?.[0];
  if (path === undefined) return;
  throw new FormatError(
    `Expected Parquet files whose columns carry field ids, got one without (${table}, ${String(path)}). Rewrite the table's files with the program that added them.`,
    { table, path: String(path) },
  );
}
