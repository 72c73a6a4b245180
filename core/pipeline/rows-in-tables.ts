import type { GranuleState } from '#schemas/granule-state.ts';
import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { TableView } from './flow-context.ts';
import { processingsOf } from './granule-files.ts';
import type { Payload } from './payload.ts';

/** Which processings the tables hold rows of, asked of their metadata: what a ledger remembers may be rolled back. */
export interface RowsInTables {
  /** The first table that should hold rows of what was settled, and does not; null when all do. */
  tableWithout(state: GranuleState): Promise<string | null>;
}

interface TableRowCounts {
  readonly table: TableDefinition;
  /** Processing id -> rows in files of that processing alone. */
  readonly countOf: ReadonlyMap<string, number>;
  /** Files of several processings; each is read once, when it is first asked. */
  readonly mixed: readonly { readonly file: DataFile; readonly read: () => ReturnType<TableView['processingsIn']> }[];
}

/** Reads the metadata of every table that the payloads write to, once; files of several processings only when asked. */
export async function rowsInTables(view: TableView, payloads: readonly Payload[]): Promise<RowsInTables> {
  const tables = new Map<string, TableRowCounts>();
  for (const table of payloads.flatMap((payload) => payload.tables)) {
    if (!tables.has(tableName(table))) tables.set(tableName(table), await countRows(view, table));
  }
  return {
    async tableWithout({ processing_id: processingId, row_counts: rowCounts = {} }) {
      for (const [name, wantedCount] of Object.entries(rowCounts)) {
        const counts = tables.get(name);
        if (counts === undefined || (counts.countOf.get(processingId) ?? 0) >= wantedCount) continue;
        if (!(await isMixedIn(counts, processingId))) return name;
      }
      return null;
    },
  };
}

async function countRows(view: TableView, table: TableDefinition): Promise<TableRowCounts> {
  const { files } = await view.liveFiles(table, { predicates: [] });
  const countOf = new Map<string, number>();
  const mixed: TableRowCounts['mixed'][number][] = [];
  for (const file of files) {
    const held = processingsOf(table, file);
    if (held !== null && 'only' in held) countOf.set(held.only, (countOf.get(held.only) ?? 0) + file.recordCount);
    else mixed.push({ file, read: once(() => view.processingsIn(file)) });
  }
  return { table, countOf, mixed };
}

async function isMixedIn({ table, mixed }: TableRowCounts, processingId: string): Promise<boolean> {
  for (const { file, read } of mixed) {
    const held = processingsOf(table, file);
    const isPossible = held === null || ('from' in held && held.from <= processingId && processingId <= held.to);
    if (isPossible && ((await read())?.has(processingId) ?? true)) return true;
  }
  return false;
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
