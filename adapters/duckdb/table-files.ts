import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { type DeleteFile, type Filter, type PlannedFile, planScan } from '#core/formats/iceberg/scan.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { snapshotById } from '#core/formats/iceberg/table-metadata.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { LakeContext } from './lake-tables.ts';
import type { FilesWithDeletes, ScanColumn } from './scan-view.ts';

export interface TableFiles {
  readonly files: readonly PlannedFile[];
  readonly skippedFileCount: number;
  readonly manifestReadCount: number;
  readonly skippedManifestCount: number;
}

/**
 * Files for all places in a query that name the same table at the same snapshot: what any of them needs.
 * @param filters One for each place; null where nothing is known of the rows that it needs.
 * @param statisticsOf Field ids whose bounds the files come with.
 */
export async function planUnion(
  { warehouse }: LakeContext,
  reader: ManifestReader,
  table: LoadedTable,
  snapshotId: bigint | null,
  filters: readonly (Filter | null)[],
  statisticsOf: ReadonlySet<number> = new Set(),
): Promise<TableFiles> {
  const any = filters.filter((filter) => filter !== null);
  const filter = any.length < filters.length ? {} : { filter: { any } };
  const at = snapshotId === null ? {} : { snapshotId };
  const plan = await planScan(table, warehouse, { ...at, ...filter, deletes: 'apply', reader, statisticsOf });
  const knownCount = plan.files.length + plan.skippedFileCount;
  const fileCount = Math.max(totalFileCount(table, plan.snapshotId) ?? 0, knownCount);
  return { ...plan, skippedFileCount: fileCount - plan.files.length };
}

/** Files of a whole snapshot by its summary: some writers do not count those of manifests that the planner skips. */
function totalFileCount(table: LoadedTable, snapshotId: bigint | null): number | null {
  const summary = snapshotId === null ? undefined : snapshotById(table.metadata, snapshotId)?.summary;
  const text = summary?.['total-data-files'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

export interface OpenedFiles {
  /** Files that are read whole. */
  readonly paths: readonly string[];
  readonly deleted: FilesWithDeletes;
  /** Lets go of copies. */
  close(): Promise<void>;
}

/** Local paths of data and delete files. Columns of equality deletes may be gone from the table by now. */
export async function openFiles(
  warehouse: ObjectStore,
  table: LoadedTable,
  files: readonly PlannedFile[],
): Promise<OpenedFiles> {
  const whole = files.filter((file) => file.deletes.length === 0);
  const partial = files.filter((file) => file.deletes.length > 0);
  const deletes = [...new Map(partial.flatMap((file) => file.deletes).map((file) => [file.path, file])).values()];
  const opened = await localPaths(warehouse, [...whole, ...partial, ...deletes]);
  const localOf = <File extends PlannedFile | DeleteFile>(list: readonly File[]) =>
    list.map((file) => ({ ...file, localPath: opened.pathOf.get(file.path)! }));
  const ids = new Set(deletes.flatMap((file) => file.columnIds));
  return {
    paths: whole.map((file) => opened.pathOf.get(file.path)!),
    deleted: { files: localOf(partial), deletes: localOf(deletes), columns: columnsById(table, ids) },
    close: opened.close,
  };
}

function columnsById(table: LoadedTable, ids: ReadonlySet<number>): ScanColumn[] {
  const fields = table.metadata.schemas.flatMap((schema) => schema.fields).filter((field) => ids.has(field.id));
  // The newest type of a column holds the values of all older ones.
  const newest = new Map(fields.map((field) => [field.id, field]));
  return [...newest.values()].map(({ id, name, type }) => ({
    id,
    name,
    type: typeof type === 'string' ? type : type.type,
  }));
}

/** Files of a remote warehouse are fetched to scratch space and stay there until `close`. */
async function localPaths(
  warehouse: ObjectStore,
  files: readonly { readonly path: string }[],
): Promise<{ readonly pathOf: ReadonlyMap<string, string>; close(): Promise<void> }> {
  const pathOf = new Map<string, string>();
  if (warehouse.rootUri.startsWith('file:')) {
    // Keys are not percent-encoded in paths, only the root is a URL.
    const root = fileURLToPath(warehouse.rootUri);
    for (const { path } of files) pathOf.set(path, join(root, keyOf(warehouse, path)));
    return { pathOf, close: async () => {} };
  }
  const sources: ByteSource[] = [];
  const close = async () => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    for (const { path } of files) {
      const source = await warehouse.open(keyOf(warehouse, path));
      sources.push(source);
      pathOf.set(path, await source.localPath());
    }
    return { pathOf, close };
  } catch (error) {
    await close();
    throw error;
  }
}
