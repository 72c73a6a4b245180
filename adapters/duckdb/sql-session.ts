import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { arrowStream } from './arrow-stream.ts';
import { withAtClauses } from './as-of-text.ts';
import { refuseWithoutFieldIds } from './field-ids.ts';
import { allowOnly } from './file-access.ts';
import type { LakeContext } from './lake-tables.ts';
import { planQuery, type QueryPlan, type SessionContext, type TableScan } from './query-plan.ts';
import { parseQuery } from './query-tree.ts';
import { identifier } from './quoting.ts';
import { plainValue } from './result-rows.ts';
import { createScanView, type ScanView } from './scan-view.ts';
import { createSnapshotsTable, lakeSchema } from './snapshots-table.ts';
import { sqlError } from './sql-error.ts';

export interface SqlColumn {
  readonly name: string;
  /** DuckDB's name of the type: `DOUBLE`, `TIMESTAMP WITH TIME ZONE`. */
  readonly type: string;
}

export interface SqlResult {
  readonly columns: readonly SqlColumn[];
  /** Plain values (result-rows.ts): 64-bit integers are bigint, dates and times text. `jsonValue` makes them JSON. */
  readonly rows: readonly (readonly unknown[])[];
  /** True when there were more rows than `rowCountMax`. */
  readonly isTruncated: boolean;
  /** What the scan planner picked for each table. */
  readonly scan: readonly TableScan[];
}

export interface QueryOptions {
  /** Rows beyond are not fetched; all when absent. */
  readonly rowCountMax?: number;
  /** Stops the query. */
  readonly signal?: AbortSignal;
}

/**
 * SQL over the tables of a lake, read-only. Every query sees the newest snapshots at its start, or those that
 * `FOR VERSION AS OF`, `FOR TIMESTAMP AS OF` or `AT (...)` name, and runs in a DuckDB of its own that can open exactly the
 * files which the scan planner picked for it, and nothing else on this machine or beyond.
 */
export interface SqlSession {
  /** @throws ConfigurationError for SQL that cannot run; TemporaryError when memory or the disk gave out. */
  query(sql: string, options?: QueryOptions): Promise<SqlResult>;
  /** The whole result as an Arrow IPC stream. @throws as `query` */
  queryArrow(sql: string, options?: Pick<QueryOptions, 'signal'>): Promise<Uint8Array>;
}

export async function openSql(lake: LakeContext): Promise<SqlSession> {
  // Manifests never change: a session reads each once.
  const context = { ...lake, reader: new ManifestReader(lake.warehouse) };
  return {
    query: (sql, options = {}) =>
      withPlan(context, sql, options.signal, async (connection, plan) => {
        const result = await connection.stream(plan.sql);
        return { ...(await readRows(result, options.rowCountMax ?? Number.POSITIVE_INFINITY)), scan: plan.scans };
      }),
    queryArrow: (sql, options = {}) =>
      withPlan(context, sql, options.signal, async (connection, plan) =>
        arrowStream(await connection.stream(plan.sql)),
      ),
  };
}

async function withPlan<T>(
  context: SessionContext,
  sql: string,
  signal: AbortSignal | undefined,
  read: (connection: DuckDBConnection, plan: QueryPlan) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: '',
  });
  let plan: QueryPlan | null = null;
  let connection: DuckDBConnection | null = null;
  const interrupt = () => connection?.interrupt();
  try {
    connection = await instance.connect();
    plan = await planQuery(context, connection, await parseQuery(connection, withAtClauses(sql)));
    await registerTables(connection, plan);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', interrupt);
    return await read(connection, plan);
  } catch (cause) {
    throw sqlError(cause);
  } finally {
    signal?.removeEventListener('abort', interrupt);
    connection?.closeSync();
    instance.closeSync();
    await plan?.close();
  }
}

async function registerTables(connection: DuckDBConnection, plan: QueryPlan): Promise<void> {
  await connection.run("SET TimeZone = 'UTC'");
  for (const schema of new Set([lakeSchema, ...plan.views.map((view) => view.schema)])) {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
  }
  for (const statement of createSnapshotsTable(plan.snapshotTables)) {
    await connection.run(statement);
  }
  for (const view of plan.views) {
    await refuseWithoutFieldIds(connection, view.checkedPaths ?? [], `${view.schema}.${view.name}`);
    await connection.run(createScanView(view));
  }
  await allowOnly(connection, plan.views.flatMap(pathsOf));
}

function pathsOf({ paths, deleted }: ScanView): string[] {
  const local = [...(deleted?.files ?? []), ...(deleted?.deletes ?? [])].map((file) => file.localPath);
  return [...paths, ...local];
}

async function readRows(result: DuckDBResult, rowCountMax: number): Promise<Omit<SqlResult, 'scan'>> {
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, column) => ({ name, type: String(types[column]) }));
  const rows: unknown[][] = [];
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const row of chunk.getRows()) {
      if (rows.length >= rowCountMax) return { columns, rows, isTruncated: true };
      rows.push(row.map((value, column) => plainValue(value, types[column]!)));
    }
  }
  return { columns, rows, isTruncated: false };
}
