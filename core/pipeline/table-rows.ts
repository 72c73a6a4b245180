import type { TableDefinition } from '#schemas/table-definition.ts';
import { type Predicate, planScan } from '../formats/iceberg/scan.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import type { CellValue } from '../formats/parquet/cell-columns.ts';
import { readRows } from '../formats/parquet/read-rows.ts';
import type { Catalog } from '../ports/catalog.ts';
import type { ObjectStore } from '../ports/object-store.ts';

export interface TableContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
}

/** A row as read: dates as `yyyy-mm-dd`, timestamps as ISO 8601 text. */
export type ReadRow = Readonly<Record<string, CellValue>>;

/**
 * Rows of a small table (gold, ref) at its current snapshot. Predicates prune files and then filter rows.
 * @returns nothing for a table that does not exist yet
 */
export async function readTableRows(
  context: TableContext,
  table: TableDefinition,
  columns: readonly string[],
  predicates: readonly Predicate[],
): Promise<ReadRow[]> {
  const loaded = await context.catalog.loadTable(table);
  if (loaded === null) return [];
  const plan = await planScan(loaded, context.warehouse, { predicates });
  const wanted = [...new Set([...columns, ...predicates.map((predicate) => predicate.column)])];
  const dates = new Set(table.columns.filter((column) => column.type === 'date').map((column) => column.name));
  const rows: ReadRow[] = [];
  for (const file of plan.files) {
    const source = await context.warehouse.open(keyOf(context.warehouse, file.path));
    try {
      for (const row of await readRows(source, wanted)) {
        const normal = normalize(row, wanted, dates);
        if (predicates.every((predicate) => holds(normal[predicate.column] ?? null, predicate))) rows.push(normal);
      }
    } finally {
      await source.close();
    }
  }
  return rows;
}

/** Paths of the live data files that may hold matching rows. */
export async function livePaths(
  context: TableContext,
  table: TableDefinition,
  predicates: readonly Predicate[],
): Promise<string[]> {
  const loaded = await context.catalog.loadTable(table);
  if (loaded === null) return [];
  const plan = await planScan(loaded, context.warehouse, { predicates });
  return plan.files.map((file) => file.path);
}

function normalize(row: Record<string, unknown>, columns: readonly string[], dates: ReadonlySet<string>): ReadRow {
  return Object.fromEntries(
    columns.map((name) => {
      const value = row[name] ?? null;
      if (!(value instanceof Date)) return [name, value as CellValue];
      return [name, dates.has(name) ? value.toISOString().slice(0, 10) : value.toISOString()];
    }),
  );
}

function holds(value: CellValue, { op, value: wanted }: Predicate): boolean {
  if (value === null) return false;
  if (Array.isArray(wanted)) return wanted.includes(value as string | number | bigint);
  const bound = wanted as string | number | bigint;
  if (op === '=') return value === bound;
  if (op === '<') return value < bound;
  if (op === '<=') return value <= bound;
  if (op === '>') return value > bound;
  return value >= bound;
}
