import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { parseTableMetadata } from '#core/formats/iceberg/parse-metadata.ts';
import type { Catalog, LoadedTable } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

type Row = readonly (string | number | null)[];

export interface SparkTable {
  readonly table: LoadedTable;
  /** What Spark read: now, and at each snapshot, oldest first. Rows are sorted by Python; sort before comparing. */
  readonly rows: readonly Row[];
  readonly history: readonly { readonly snapshot: string; readonly rows: readonly Row[] }[];
  /** Live files by content: 0 data, 1 position deletes, 2 equality deletes. */
  readonly files: Readonly<Record<string, number>>;
}

const folder = fileURLToPath(new URL('../../../fixtures/iceberg/spark-lake/', import.meta.url));

/** Tables that Spark wrote (test/fixtures/iceberg/make_spark_lake.py), in a store whose root is the one that their paths name. */
export async function sparkLake(): Promise<{
  readonly warehouse: ObjectStore;
  readonly catalog: Catalog;
  readonly tables: Readonly<Record<string, SparkTable>>;
}> {
  const warehouse = memoryObjectStore('fixture');
  Object.defineProperty(warehouse, 'rootUri', { value: 's3://fixture/warehouse' });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Iceberg's writers make keys with an empty segment where a table has no partition; a folder has none.
    await warehouse.put(relative(folder, path), readFileSync(path));
  }
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
    string,
    Omit<SparkTable, 'table'> & { metadata: string }
  >;
  const tables = Object.fromEntries(
    Object.entries(expected).map(([name, { metadata, ...rest }]) => {
      const parsed = parseTableMetadata(readFileSync(join(folder, metadata), 'utf8'), metadata);
      const table = { identifier: { namespace: 'scan', name }, metadata: parsed, metadataLocation: metadata };
      return [name, { table, ...rest }];
    }),
  );
  const catalog: Catalog = {
    ...({} as Catalog),
    listNamespaces: async () => ['scan'],
    listTables: async () => Object.values(tables).map(({ table }) => table.identifier),
    loadTable: async ({ namespace, name }) => (namespace === 'scan' ? (tables[name]?.table ?? null) : null),
  };
  return { warehouse, catalog, tables };
}
