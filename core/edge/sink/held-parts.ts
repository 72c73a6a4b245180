import { partIdColumn } from '#schemas/edge-columns.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { keyOf } from '../../formats/iceberg/table-location.ts';
import { readRows } from '../../formats/parquet/read-rows.ts';
import type { TableView } from '../../pipeline/flow-context.ts';
import { heldFiles, rowPredicates } from '../../pipeline/granule-files.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { edgeProcessingId } from '../edge-processing.ts';

/** A table as one look showed it. */
export interface HeldParts {
  readonly baseSnapshotId: bigint | null;
  /** Ids of all parts of some granules that have rows in it. */
  readonly partIds: ReadonlySet<string>;
}

/** Which parts of some granules a table holds, asked of its rows: a rollback or a compaction changes no answer. */
export async function heldParts(
  context: Pick<TableView, 'liveFiles' | 'processingsIn'> & { readonly warehouse: ObjectStore },
  table: TableDefinition,
  granuleKeys: readonly string[],
): Promise<HeldParts> {
  const ids = granuleKeys.map(edgeProcessingId);
  const { snapshotId, files } = await context.liveFiles(table, { predicates: rowPredicates(table, granuleKeys, ids) });
  const { owned, shared } = await heldFiles(table, files, new Set(ids), context.processingsIn);
  const partIds = new Set<string>();
  for (const { path } of [...owned.map(({ file }) => file), ...shared]) {
    const source = await context.warehouse.open(keyOf(context.warehouse, path));
    try {
      for (const row of await readRows(source, [partIdColumn.name])) {
        const partId = row[partIdColumn.name];
        if (typeof partId === 'string') partIds.add(partId);
      }
    } finally {
      await source.close();
    }
  }
  return { baseSnapshotId: snapshotId, partIds };
}
