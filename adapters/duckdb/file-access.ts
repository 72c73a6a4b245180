import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from './quoting.ts';

/**
 * Shuts the doors of a DuckDB: after this it opens exactly these files, no other file, folder, network address or
 * extension, and no setting can be changed any more. DuckDB cannot undo it.
 */
export async function allowOnly(connection: DuckDBConnection, paths: readonly string[]): Promise<void> {
  const unique = [...new Set(paths)];
  await connection.run(`SET allowed_paths = [${unique.map(literal).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}
