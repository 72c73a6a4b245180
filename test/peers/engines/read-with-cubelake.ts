// node read-with-cubelake.ts LAKE TABLE...: facts of tables as our own planner and SQL see them.
import { join } from 'node:path';
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { dateOfDay } from '#core/day.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { defaultSpec } from '#core/formats/iceberg/table-metadata.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import type { TableFacts } from './table-facts.ts';

const [folder, ...names] = process.argv.slice(2);
const warehouse = fileObjectStore(join(folder!, 'warehouse'));
const catalog = pointerCatalog(warehouse);
const session = await openSql({ catalog, warehouse });
const numbers = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'FLOAT', 'DOUBLE']);
const facts: Record<string, TableFacts> = {};
for (const name of names) {
  const read = await factsOf(name).catch((error: unknown) => error as Error);
  // A table that cannot be read is left out, and said: the others are still compared.
  if (read instanceof Error) console.error(`${name}: ${read.message}`);
  else facts[name] = read;
}
console.log(JSON.stringify(facts));

async function factsOf(name: string): Promise<TableFacts> {
  const [namespace, tableName] = name.split('.');
  const table = (await catalog.loadTable({ namespace: namespace!, name: tableName! }))!;
  const described = (await session.query(`DESCRIBE ${name}`)).rows;
  const columns = described.map((row) => ({ name: String(row[0]), isNumber: numbers.has(String(row[1])) }));
  const parts = columns.flatMap((column) => [
    `count("${column.name}")`,
    column.isNumber ? `sum("${column.name}"::DOUBLE)` : 'NULL',
  ]);
  const row = (await session.query(`SELECT count(*), ${parts.join(', ')} FROM ${name}`)).rows[0]!;
  const values = columns.map((column, at) => {
    const sum = column.isNumber ? Number(row[2 + 2 * at] ?? 0) : null;
    return [column.name, [Number(row[1 + 2 * at]), sum]] as const;
  });
  return {
    rows: Number(row[0]),
    columns: Object.fromEntries(values),
    snapshots: await snapshotsOf(name, table),
    partitions: await partitionsOf(table),
  };
}

async function snapshotsOf(name: string, table: LoadedTable): Promise<TableFacts['snapshots']> {
  const count = async (at: string) =>
    Number((await session.query(`SELECT count(*) FROM ${name} AT (${at})`)).rows[0]![0]);
  const found: TableFacts['snapshots'][number][] = [];
  for (const snapshot of table.metadata.snapshots) {
    const timestampMs = snapshot['timestamp-ms'];
    const time = new Date(timestampMs).toISOString().replace('T', ' ').replace('Z', '+00');
    const rowsById = await count(`VERSION => ${snapshot['snapshot-id']}`);
    const rowsByTime = await count(`TIMESTAMP => TIMESTAMPTZ '${time}'`);
    found.push({ id: String(snapshot['snapshot-id']), timestampMs, rowsById, rowsByTime });
  }
  return found.sort((a, b) => a.timestampMs - b.timestampMs);
}

/** Rows of data files, as engines count them here: delete files do not change the record counts of partitions. */
async function partitionsOf(table: LoadedTable): Promise<Record<string, number>> {
  const { fields } = defaultSpec(table.metadata);
  if (fields.length === 0) return {};
  const { files } = await planScan(table, warehouse, { deletes: 'apply' });
  const rows: Record<string, number> = {};
  for (const file of files) {
    const text = fields
      .map(({ name, transform }) => {
        const value = file.partition[name] ?? null;
        return `${name}=${transform === 'day' && value !== null ? dateOfDay(Number(value)) : value}`;
      })
      .join('/');
    rows[text] = (rows[text] ?? 0) + file.recordCount;
  }
  return rows;
}
