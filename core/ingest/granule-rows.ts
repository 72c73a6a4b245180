import { granuleStateSchema } from '#schemas/granule-state.ts';
import { holdSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { edgeProcessingId } from '../edge/edge-processing.ts';
import { TemporaryError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import { readRows } from '../formats/parquet/read-rows.ts';
import type { TableView } from '../pipeline/flow-context.ts';
import { heldFiles, processingColumn, rowPredicates } from '../pipeline/granule-files.ts';
import { readRecord } from '../pipeline/ledger.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/**
 * Whether the cloud has made the granule's rows from its raw cube: then what the field made of it comes too late.
 * @throws TemporaryError while a settlement is about to say so. Disposition: retry.
 */
export async function isSettledInCloud(warehouse: ObjectStore, granuleKey: string): Promise<boolean> {
  // In this order: a settlement that is over by the second look has written the state that the third finds.
  const hold = await readRecord(warehouse, controlKeys.hold(granuleKey), holdSchema);
  if (hold !== null && (await warehouse.head(controlKeys.settlement(hold.value.manifest_id))) === null) {
    throw new TemporaryError(
      `Expected manifest ${hold.value.manifest_id} to settle, got none yet (${granuleKey}). Parts of it wait.`,
      { granuleKey },
    );
  }
  return (await readRecord(warehouse, controlKeys.granule(granuleKey), granuleStateSchema)) !== null;
}

/** A table as one look showed it, and what it held of some granules from the field. */
export interface EdgeRows {
  readonly baseSnapshotId: bigint | null;
  /** Values of the key columns of every row, as one text each. */
  readonly keys: ReadonlySet<string>;
}

/** What tells rows from the field apart, of some granules of one table. */
export async function readEdgeRows(
  context: Pick<TableView, 'liveFiles' | 'holdsProcessing'> & { readonly warehouse: ObjectStore },
  table: TableDefinition,
  granuleKeys: readonly string[],
  keyColumns: readonly string[],
): Promise<EdgeRows> {
  const ids = granuleKeys.map(edgeProcessingId);
  const { snapshotId, files } = await context.liveFiles(table, { predicates: rowPredicates(table, granuleKeys, ids) });
  const { owned, shared } = await heldFiles(table, files, new Set(ids), context.holdsProcessing);
  const keys = new Set<string>();
  for (const file of [...owned.map((each) => each.file), ...shared])
    await addKeys(keys, file, ids, keyColumns, context.warehouse);
  return { baseSnapshotId: snapshotId, keys };
}

async function addKeys(
  keys: Set<string>,
  file: DataFile,
  ids: readonly string[],
  keyColumns: readonly string[],
  warehouse: ObjectStore,
): Promise<void> {
  const source = await warehouse.open(keyOf(warehouse, file.path));
  try {
    for (const row of await readRows(source, [processingColumn, ...keyColumns])) {
      if (ids.includes(row[processingColumn] as string)) keys.add(JSON.stringify(keyColumns.map((name) => row[name])));
    }
  } finally {
    await source.close();
  }
}
