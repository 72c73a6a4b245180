import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from '#core/errors.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { type Predicate, planScan, type ScanPlan } from '#core/formats/iceberg/scan.ts';
import { snapshotAt } from '#core/formats/iceberg/snapshots.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { currentSchema, snapshotById } from '#core/formats/iceberg/table-metadata.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { Catalog, LoadedTable, TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { ScanColumn } from './scan-view.ts';
import type { SnapshotChoice } from './table-references.ts';

export interface LakeContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
}

export async function listTables(catalog: Catalog): Promise<TableIdentifier[]> {
  const namespaces = await catalog.listNamespaces();
  const tables = await Promise.all(namespaces.map((namespace) => catalog.listTables(namespace)));
  return tables.flat();
}

/** @throws ConfigurationError that lists the tables there are. Disposition: stop. */
export async function loadNamedTable(catalog: Catalog, schema: string, name: string): Promise<LoadedTable> {
  const identifier = { namespace: schema.toLowerCase(), name: name.toLowerCase() };
  const table = await catalog.loadTable(identifier);
  if (table !== null) return table;
  const known = (await listTables(catalog)).map((each) => `${each.namespace}.${each.name}`).sort();
  const tables = known.length === 0 ? 'none yet: ingest a cube first' : [...known, 'lake.snapshots'].join(', ');
  throw new ConfigurationError(`Expected a table of the lake, got ${schema}.${name}. Tables: ${tables}.`, {
    table: `${schema}.${name}`,
  });
}

/**
 * The snapshot that AT asks for: by id, or the last one at or before a time.
 * @throws ConfigurationError that names the snapshots there are. Disposition: stop.
 */
export function chooseSnapshot(table: LoadedTable, choice: SnapshotChoice): bigint {
  const { metadata } = table;
  const found =
    'snapshotId' in choice
      ? snapshotById(metadata, choice.snapshotId)?.['snapshot-id']
      : snapshotAt(metadata, choice.timeMs)?.['snapshot-id'];
  if (found !== undefined) return found;
  const name = `${table.identifier.namespace}.${table.identifier.name}`;
  const wanted = 'snapshotId' in choice ? String(choice.snapshotId) : `one at ${new Date(choice.timeMs).toISOString()}`;
  throw new ConfigurationError(
    `Expected a snapshot of ${name}, got ${wanted}. List them with: SELECT * FROM lake.snapshots WHERE table_name = '${name}'`,
    { table: name },
  );
}

/** Columns of the table now, or as they were at a snapshot. */
export function columnsAt(table: LoadedTable, snapshotId: bigint | null): ScanColumn[] {
  const { metadata } = table;
  const schemaId = snapshotId === null ? null : snapshotById(metadata, snapshotId)?.['schema-id'];
  const schema = metadata.schemas.find((each) => each['schema-id'] === schemaId) ?? currentSchema(metadata);
  return schema.fields.map(({ id, name, type }) => ({ id, name, type: typeof type === 'string' ? type : type.type }));
}

/** Files for all places in a query that name the same table at the same snapshot: what any of them needs. */
export async function planUnion(
  warehouse: ObjectStore,
  table: LoadedTable,
  snapshotId: bigint | null,
  alternatives: readonly (readonly Predicate[])[],
): Promise<Pick<ScanPlan, 'files' | 'skippedFileCount'>> {
  const at = snapshotId === null ? {} : { snapshotId };
  const needsAll = alternatives.some((predicates) => predicates.length === 0);
  const plans = await Promise.all(
    (needsAll ? [[]] : alternatives).map((predicates) => planScan(table, warehouse, { predicates, ...at })),
  );
  const files = new Map(plans.flatMap((plan) => plan.files).map((file) => [file.path, file]));
  const knownCount = Math.max(...plans.map((plan) => plan.files.length + plan.skippedFileCount));
  const fileCount = totalFileCount(table, plans[0]!.snapshotId) ?? knownCount;
  return { files: [...files.values()], skippedFileCount: Math.max(fileCount, knownCount) - files.size };
}

/** Files of a whole snapshot by its summary: the planner does not count those of manifests that it did not open. */
function totalFileCount(table: LoadedTable, snapshotId: bigint | null): number | null {
  const summary = snapshotId === null ? undefined : snapshotById(table.metadata, snapshotId)?.summary;
  const text = summary?.['total-data-files'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Local paths of data files; those of a remote warehouse are fetched to scratch space and stay there until `close`. */
export async function localPaths(
  warehouse: ObjectStore,
  files: readonly DataFile[],
): Promise<{ readonly paths: string[]; close(): Promise<void> }> {
  const keys = files.map((file) => keyOf(warehouse, file.path));
  if (warehouse.rootUri.startsWith('file:')) {
    // Keys are not percent-encoded in paths, only the root is a URL.
    const root = fileURLToPath(warehouse.rootUri);
    return { paths: keys.map((key) => join(root, key)), close: async () => {} };
  }
  const sources: ByteSource[] = [];
  const close = async () => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const paths: string[] = [];
    for (const key of keys) {
      const source = await warehouse.open(key);
      sources.push(source);
      paths.push(await source.localPath());
    }
    return { paths, close };
  } catch (error) {
    await close();
    throw error;
  }
}
