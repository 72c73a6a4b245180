import type { DuckDBConnection } from '@duckdb/node-api';
import type { Predicate } from '#core/formats/iceberg/scan.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import {
  chooseSnapshot,
  columnsAt,
  type LakeContext,
  listTables,
  loadNamedTable,
  localPaths,
  planUnion,
} from './lake-tables.ts';
import { pushedPredicates, type TableColumns } from './pushed-predicates.ts';
import { type ParsedQuery, queryText, type TreeNode } from './query-tree.ts';
import type { ScanColumn, ScanView } from './scan-view.ts';
import { lakeSchema } from './snapshots-table.ts';
import { asksForTables, type TableReference, tableReferences } from './table-references.ts';

/** What the scan planner did for one table of a query. */
export interface TableScan {
  readonly table: string;
  /** Text, since it needs 64 bits; null for a table without snapshots. */
  readonly snapshotId: string | null;
  readonly fileCount: number;
  readonly skippedFileCount: number;
  /** Columns of the table at that snapshot. */
  readonly columnCount: number;
}

export interface QueryPlan {
  readonly sql: string;
  readonly views: readonly ScanView[];
  readonly scans: readonly TableScan[];
  /** Tables whose snapshots `lake.snapshots` lists: none when the query does not ask for it. */
  readonly snapshotTables: readonly LoadedTable[];
  /** Lets go of files that were fetched for this query. */
  close(): Promise<void>;
}

/** All places of a query that name one table at one snapshot. */
interface TableUse {
  readonly table: LoadedTable;
  readonly snapshotId: bigint | null;
  readonly viewName: string;
  readonly columns: readonly ScanColumn[];
  readonly references: TableReference[];
}

/** Schemas that DuckDB itself fills. */
const ownSchemas = new Set(['information_schema', 'pg_catalog', 'main', lakeSchema]);

/**
 * Finds the tables of a query, the files that it needs of each, and the SQL to run over them.
 * @throws ConfigurationError for unknown tables and snapshots. Disposition: stop.
 */
export async function planQuery(
  context: LakeContext,
  connection: DuckDBConnection,
  parsed: ParsedQuery,
): Promise<QueryPlan> {
  const references = tableReferences(parsed.tree);
  const named = references.filter((reference) => !ownSchemas.has(reference.schema.toLowerCase()));
  const uses = await tableUses(context, named);
  const columnsByNode = new Map<TreeNode, TableColumns>();
  for (const use of uses) {
    const columns = new Map(use.columns.map((column) => [column.name.toLowerCase(), column]));
    for (const reference of use.references) columnsByNode.set(reference.node, columns);
  }
  const views: ScanView[] = [];
  const scans: TableScan[] = [];
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.all(closers.map((each) => each()));
  };
  try {
    for (const use of uses) {
      const alternatives: Predicate[][] = use.references.map((reference) =>
        pushedPredicates(reference, (item) => columnsByNode.get(item) ?? null),
      );
      const plan = await planUnion(context.warehouse, use.table, use.snapshotId, alternatives);
      const local = await localPaths(context.warehouse, plan.files);
      closers.push(local.close);
      views.push({
        schema: use.table.identifier.namespace,
        name: use.viewName,
        columns: use.columns,
        paths: local.paths,
      });
      scans.push(tableScan(use, local.paths.length, plan.skippedFileCount));
    }
    if (asksForTables(parsed.tree)) await addEmptyViews(context, views);
    const wantsSnapshots = references.some((reference) => reference.schema.toLowerCase() === lakeSchema);
    return {
      sql: parsed.prefix + (await textWithoutAt(connection, parsed, uses)),
      views,
      scans,
      snapshotTables: wantsSnapshots ? await allTables(context) : [],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function tableUses(context: LakeContext, references: readonly TableReference[]): Promise<TableUse[]> {
  const loaded = new Map<string, LoadedTable>();
  const uses = new Map<string, TableUse>();
  for (const reference of references) {
    const name = `${reference.schema}.${reference.table}`.toLowerCase();
    const table = loaded.get(name) ?? (await loadNamedTable(context.catalog, reference.schema, reference.table));
    loaded.set(name, table);
    const snapshotId = reference.at === null ? null : chooseSnapshot(table, reference.at);
    const viewName = snapshotId === null ? table.identifier.name : `${table.identifier.name}@${snapshotId}`;
    const key = `${table.identifier.namespace}.${viewName}`;
    const use = uses.get(key) ?? { table, snapshotId, viewName, columns: columnsAt(table, snapshotId), references: [] };
    use.references.push(reference);
    uses.set(key, use);
  }
  return [...uses.values()];
}

function tableScan(use: TableUse, fileCount: number, skippedFileCount: number): TableScan {
  const { identifier, metadata } = use.table;
  const snapshotId = use.snapshotId ?? metadata['current-snapshot-id'];
  return {
    table: `${identifier.namespace}.${identifier.name}`,
    snapshotId: snapshotId === null ? null : String(snapshotId),
    fileCount,
    skippedFileCount,
    columnCount: use.columns.length,
  };
}

/** SHOW and information_schema see every table: those that the query does not read, as views without rows. */
async function addEmptyViews(context: LakeContext, views: ScanView[]): Promise<void> {
  const present = new Set(views.map((view) => `${view.schema}.${view.name}`));
  for (const table of await allTables(context)) {
    const { namespace, name } = table.identifier;
    if (!present.has(`${namespace}.${name}`)) {
      views.push({ schema: namespace, name, columns: columnsAt(table, null), paths: [] });
    }
  }
}

async function allTables({ catalog }: LakeContext): Promise<LoadedTable[]> {
  const tables = await Promise.all((await listTables(catalog)).map((identifier) => catalog.loadTable(identifier)));
  return tables.filter((table) => table !== null);
}

/**
 * DuckDB refuses AT on views, so a reference with AT is renamed to the view of its snapshot. A query without AT runs
 * as the user wrote it.
 */
async function textWithoutAt(
  connection: DuckDBConnection,
  parsed: ParsedQuery,
  uses: readonly TableUse[],
): Promise<string> {
  const dated = uses.filter((use) => use.snapshotId !== null);
  if (dated.length === 0) return parsed.text;
  for (const { viewName, references } of dated) {
    for (const { node } of references) {
      if (node['alias'] === '') node['alias'] = node['table_name'];
      node['table_name'] = viewName;
      node['at_clause'] = null;
    }
  }
  return queryText(connection, parsed.tree);
}
