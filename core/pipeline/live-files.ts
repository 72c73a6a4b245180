import type { TableDefinition } from '#schemas/table-definition.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { type Predicate, planScan } from '../formats/iceberg/scan.ts';
import { snapshotOfCommit } from '../formats/iceberg/snapshot-summary.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import { mainBranch } from '../formats/iceberg/table-metadata.ts';
import { openRowGroups } from '../formats/parquet/row-groups.ts';
import { processingColumn } from './granule-files.ts';
import type { TableContext } from './table-rows.ts';

/** What to look for in a table. */
export interface LiveFileQuery {
  readonly predicates: readonly Predicate[];
  /** `main` by default; one that does not exist yet shows what main shows. */
  readonly branch?: string;
  /** A commit to look for among all snapshots. */
  readonly commitId?: string;
}

/** A table at one moment. */
export interface LiveFiles {
  /** The snapshot that was looked at; null when there was none. */
  readonly snapshotId: bigint | null;
  /** Files that may hold matching rows. */
  readonly files: readonly DataFile[];
  /** The snapshot that published the commit that was asked for. */
  readonly committedId: bigint | null;
}

/** Asks the table itself: what it holds is true after a rollback, a compaction or another program's commit as well. */
export async function findLiveFiles(
  context: TableContext,
  table: TableDefinition,
  { predicates, branch = mainBranch, commitId }: LiveFileQuery,
): Promise<LiveFiles> {
  const loaded = await context.catalog.loadTable(table);
  if (loaded === null) return { snapshotId: null, files: [], committedId: null };
  const { metadata } = loaded;
  const known = new Set(metadata.schemas.at(-1)?.fields.map(({ name }) => name));
  const headId = metadata.refs[branch]?.['snapshot-id'];
  const { snapshotId, files } = await planScan(loaded, context.warehouse, {
    predicates: predicates.filter(({ column }) => known.has(column)),
    ...(headId === undefined ? {} : { snapshotId: headId }),
  });
  const committed = commitId === undefined ? null : snapshotOfCommit(metadata, commitId);
  return { snapshotId, files, committedId: committed?.['snapshot-id'] ?? null };
}

/** Ids of the processings that a file has rows of, row group by row group; null where it lacks the column. */
export async function processingsIn(
  { warehouse }: Pick<TableContext, 'warehouse'>,
  file: DataFile,
): Promise<ReadonlySet<string> | null> {
  const source = await warehouse.open(keyOf(warehouse, file.path));
  try {
    const ids = new Set<string>();
    for (const group of (await openRowGroups(source)).groups) {
      if (!group.names.has(processingColumn)) return null;
      const [column] = await group.read([processingColumn]);
      for (const id of Array.from(column!)) ids.add(String(id));
    }
    return ids;
  } finally {
    await source.close();
  }
}
