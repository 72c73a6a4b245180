import type { DuckDBConnection } from '@duckdb/node-api';
import type { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import type { Filter, PlannedFile } from '#core/formats/iceberg/scan.ts';
import { latestFiles, processingColumnIds } from '#core/pipeline/latest-processing.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import { chooseSnapshot, columnsAt, type LakeContext, listTables, loadNamedTable } from './lake-tables.ts';
import { granuleFilter, isLatestView, latestCondition, latestView } from './latest-view.ts';
import { pushedPredicates, type TableColumns } from './pushed-predicates.ts';
import { type ParsedQuery, queryText, type TreeNode } from './query-tree.ts';
import type { ScanColumn, ScanView } from './scan-view.ts';
import { lakeSchema } from './snapshots-table.ts';
import { cellFilter } from './spatial-filter.ts';
import { type OpenedFiles, openFiles, planUnion, type TableFiles } from './table-files.ts';
import { asksForTables, type TableReference, tableReferences } from './table-references.ts';

/** What the scan planner did for one table of a query. */
export interface TableScan {
  readonly table: string;
  /** Text, since it needs 64 bits; null for a table without snapshots. */
  readonly snapshotId: string | null;
  readonly fileCount: number;
  readonly skippedFileCount: number;
  /** Data and delete files together. */
  readonly sizeBytes: number;
  readonly deleteFileCount: number;
  readonly manifestReadCount: number;
  readonly skippedManifestCount: number;
  /** Columns of the table at that snapshot. */
  readonly columnCount: number;
}

/** A lake, and what a session remembers of it. */
export interface SessionContext extends LakeContext {
  readonly reader: ManifestReader;
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
  /** `silver.latest` instead of the table itself. */
  readonly isLatest: boolean;
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
  context: SessionContext,
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
      const conjuncts = use.references.map((reference) =>
        pushedPredicates(reference, (item) => columnsByNode.get(item) ?? null),
      );
      const { plan, condition } = await planUse(context, use, conjuncts);
      const opened = await openFiles(context.warehouse, use.table, plan.files);
      closers.push(opened.close);
      views.push({
        schema: use.table.identifier.namespace,
        name: use.viewName,
        columns: use.columns,
        paths: opened.paths,
        deleted: opened.deleted,
        ...(condition === null ? {} : { condition }),
        checkedPaths: checkedPaths(use.table, opened),
      });
      scans.push(tableScan(use, plan, opened));
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

/** @param conjuncts For each place that names the table: filters that all hold for the rows that it needs. */
async function planUse(
  context: SessionContext,
  { table, snapshotId, isLatest }: TableUse,
  conjuncts: readonly (readonly Filter[])[],
): Promise<{ readonly plan: TableFiles; readonly condition: string | null }> {
  const plan = (filters: readonly (readonly Filter[])[], statisticsOf?: ReadonlySet<number>) =>
    planUnion(context, context.reader, table, snapshotId, filters.map(allOf), statisticsOf);
  const whole = await plan(
    conjuncts.map((each) => {
      const cells = cellFilter(table.identifier, each);
      return cells === null ? each : [...each, cells];
    }),
  );
  if (!isLatest) return { plan: whole, condition: null };
  const latest = latestFiles((await plan(conjuncts.map(granuleFilter), processingColumnIds)).files);
  const paths = new Set(latest.files.map((file) => file.path));
  const files = whole.files.filter((file) => paths.has(file.path));
  const skippedFileCount = whole.skippedFileCount + whole.files.length - files.length;
  return { plan: { ...whole, files, skippedFileCount }, condition: latestCondition(latest.contested) };
}

function allOf(all: readonly Filter[]): Filter | null {
  return all.length === 0 ? null : { all };
}

/**
 * Files that could lack field ids, by which columns are found: those of a table that maps names for its older files, and
 * delete files, which must not be taken for empty ones.
 */
function checkedPaths({ metadata }: LoadedTable, { paths, deleted }: OpenedFiles): string[] {
  const deletes = deleted.deletes.map((file) => file.localPath);
  if (metadata.properties['schema.name-mapping.default'] === undefined) return deletes;
  return [...paths, ...deleted.files.map((file) => file.localPath), ...deletes];
}

async function tableUses(context: LakeContext, references: readonly TableReference[]): Promise<TableUse[]> {
  const loaded = new Map<string, LoadedTable>();
  const uses = new Map<string, TableUse>();
  for (const reference of references) {
    const isLatest = isLatestView(reference.schema, reference.table);
    const tableName = isLatest ? latestView.table : reference.table;
    const name = `${reference.schema}.${tableName}`.toLowerCase();
    const table = loaded.get(name) ?? (await loadNamedTable(context.catalog, reference.schema, tableName));
    loaded.set(name, table);
    const snapshotId = reference.at === null ? null : chooseSnapshot(table, reference.at);
    const shownName = isLatest ? latestView.name : table.identifier.name;
    const viewName = snapshotId === null ? shownName : `${shownName}@${snapshotId}`;
    const key = `${table.identifier.namespace}.${viewName}`;
    const columns = columnsAt(table, snapshotId);
    const use = uses.get(key) ?? { table, snapshotId, viewName, isLatest, columns, references: [] };
    use.references.push(reference);
    uses.set(key, use);
  }
  return [...uses.values()];
}

function tableScan(use: TableUse, plan: TableFiles, { deleted }: OpenedFiles): TableScan {
  const { identifier, metadata } = use.table;
  const snapshotId = use.snapshotId ?? metadata['current-snapshot-id'];
  const files: readonly Pick<PlannedFile, 'fileSizeBytes'>[] = [...plan.files, ...deleted.deletes];
  return {
    table: `${identifier.namespace}.${use.isLatest ? latestView.name : identifier.name}`,
    snapshotId: snapshotId === null ? null : String(snapshotId),
    fileCount: plan.files.length,
    skippedFileCount: plan.skippedFileCount,
    sizeBytes: files.reduce((sum, file) => sum + file.fileSizeBytes, 0),
    deleteFileCount: deleted.deletes.length,
    manifestReadCount: plan.manifestReadCount,
    skippedManifestCount: plan.skippedManifestCount,
    columnCount: use.columns.length,
  };
}

/** SHOW and information_schema see every table: those that the query does not read, as views without rows. */
async function addEmptyViews(context: LakeContext, views: ScanView[]): Promise<void> {
  const present = new Set(views.map((view) => `${view.schema}.${view.name}`));
  for (const table of await allTables(context)) {
    const { namespace, name } = table.identifier;
    const names = namespace === latestView.schema && name === latestView.table ? [name, latestView.name] : [name];
    for (const shown of names)
      if (!present.has(`${namespace}.${shown}`))
        views.push({ schema: namespace, name: shown, columns: columnsAt(table, null), paths: [] });
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
