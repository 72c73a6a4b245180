import type { TableDefinition } from '#schemas/table-definition.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { type Predicate, planScan } from '../formats/iceberg/scan.ts';
import { contentHash } from '../pipeline/content-hash.ts';
import { dataFileKey } from '../pipeline/stage-table.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type GranuleRows, granuleOfRowGroup, isSameGranule } from './granule-rows.ts';
import { loadTable, type MaintenanceContext } from './maintained-table.ts';
import { rewriteFile } from './rewrite-file.ts';
import { withFile } from './write-merged-file.ts';

/** A live file that holds rows of a granule. */
export interface GranuleFile {
  readonly file: DataFile;
  /** True when it holds nothing else and can be removed whole. */
  readonly isWhole: boolean;
}

/**
 * Live files that hold rows of one granule. Bounds decide where they can; a file of several granules is asked itself.
 *
 * @param predicates What else is known of the granule (farm, date), so that few manifests are read.
 * @param branch `main` by default.
 */
export async function filesOfGranule(
  context: MaintenanceContext,
  table: TableDefinition,
  granule: GranuleRows,
  options: { readonly predicates?: readonly Predicate[]; readonly branch?: string } = {},
): Promise<GranuleFile[]> {
  const loaded = await loadTable(context, table);
  const head = options.branch === undefined ? undefined : loaded.metadata.refs[options.branch];
  const { files } = await planScan(loaded, context.warehouse, {
    predicates: [
      ...(options.predicates ?? []),
      { column: 'cube_id', op: '=', value: granule.cubeId },
      { column: 'processing_id', op: '=', value: granule.processingId },
    ],
    ...(head === undefined ? {} : { snapshotId: head['snapshot-id'] }),
  });
  const out: GranuleFile[] = [];
  for (const file of files) {
    if (isOnly(table, file, 'cube_id') && isOnly(table, file, 'processing_id')) out.push({ file, isWhole: true });
    else if (await holdsGranule(context.warehouse, file, granule)) out.push({ file, isWhole: false });
  }
  return out;
}

/** Which rows to leave out: by their processing alone, or by cube and processing. */
export interface LeftOut {
  readonly processingIds: ReadonlySet<string>;
  readonly cubeId?: string;
}

/**
 * Writes a file of any program anew without the rows of some processings. The same call gives the same file under the same
 * name.
 *
 * @returns null when no row is left: remove the file. Publish the new one and the removal of the old one in one change.
 * @throws as `rewriteFile`.
 */
export async function fileWithoutRows(
  { warehouse }: Pick<MaintenanceContext, 'warehouse'>,
  table: TableDefinition,
  file: DataFile,
  leftOut: LeftOut,
): Promise<DataFile | null> {
  const { processingIds, cubeId = null } = leftOut;
  const fileName = `without-${contentHash([file.path, [...processingIds].sort(), cubeId])}.parquet`;
  const key = dataFileKey(table, file.partition, fileName);
  return rewriteFile(
    { warehouse, table, key, partition: file.partition },
    file,
    (own) => processingIds.has(String(own.processingId)) && (cubeId === null || own.cubeId === cubeId),
  );
}

/** The same for one granule. */
export function fileWithoutGranule(
  context: Pick<MaintenanceContext, 'warehouse'>,
  table: TableDefinition,
  file: DataFile,
  { cubeId, processingId }: GranuleRows,
): Promise<DataFile | null> {
  return fileWithoutRows(context, table, file, { processingIds: new Set([processingId]), cubeId });
}

async function holdsGranule(warehouse: ObjectStore, file: DataFile, granule: GranuleRows): Promise<boolean> {
  return withFile(warehouse, file, async (_source, footer) =>
    footer.rowGroups.some((group) => {
      const own = granuleOfRowGroup(footer, group);
      return own === null || isSameGranule(own, granule);
    }),
  );
}

function isOnly(table: TableDefinition, file: DataFile, column: string): boolean {
  const id = table.columns.find(({ name }) => name === column)?.id ?? -1;
  return file.lowerBounds[id] !== undefined && file.lowerBounds[id] === file.upperBounds[id];
}
