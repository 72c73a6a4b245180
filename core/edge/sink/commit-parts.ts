import { ingestLostKey, ingestOffsetsKey, ingestTouchedKey, settlementKey } from '#schemas/edge-messages.ts';
import { type ColumnDefinition, type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { NotFoundError } from '../../errors.ts';
import { commitAttemptCountMax } from '../../limits.ts';
import { contentHash } from '../../pipeline/content-hash.ts';
import type { PublishTable, TableView } from '../../pipeline/flow-context.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { isMadeInCloud } from './cloud-state.ts';
import { heldParts } from './held-parts.ts';
import { formatOffsets, type IngestOffsets, offsetsProperty } from './ingest-offsets.ts';
import { type DecodedPart, fileKeyOf, type StagedParts, stageCells, stagePlots } from './stage-parts.ts';

/** The tables of the lake, as a sink sees them. */
export interface SinkTables extends Pick<TableView, 'liveFiles' | 'processingsIn'> {
  readonly warehouse: ObjectStore;
  readonly publish: PublishTable;
}

/** Parts of one table, in the order of the log, and how far the log is read with them. */
export interface PartsCommit {
  readonly group: string;
  /** The table's own offsets before; null for none. Also the text that its property has. */
  readonly before: string | null;
  readonly after: IngestOffsets;
  readonly parts: readonly DecodedPart[];
  /** Messages that are gone unread, as a person has accepted; 0 by default. */
  readonly lostCount?: bigint;
}

export interface CommitReport {
  readonly commitId: string;
  /** Parts whose rows are new in the table. */
  readonly addedCount: number;
  /** Parts that it had already, in this batch or before. */
  readonly repeatedCount: number;
  /** Parts of granules that the cloud has made meanwhile. */
  readonly lateCount: number;
  /** Text of the property after the commit. */
  readonly offsets: string;
}

/**
 * Brings parts into their table and says how far the log is read, in one snapshot. The table itself is asked what it holds, in
 * every attempt: of parts that came before, only a row of theirs can tell.
 *
 * Two sinks cannot both go on from the same offsets: the property of the table must be what this sink has read, and the
 * catalog takes the commit only on that very metadata. So nobody needs a lease.
 *
 * @throws FencedError when another sink is further; as `publish`.
 */
export async function commitParts(
  tables: SinkTables,
  table: TableDefinition,
  commit: PartsCommit,
): Promise<CommitReport> {
  const { group, before, after, parts, lostCount = 0n } = commit;
  const offsets = formatOffsets(after);
  const commitId = contentHash([tableName(table), group, before, offsets]);
  const granuleKeys = [...new Set(parts.map(({ part }) => part.attributes.subject))];
  for (let attempt = 1; ; attempt++) {
    // The table first, then the ledger: a settlement since this look makes the commit look again.
    const { baseSnapshotId, partIds } = await heldParts(tables, table, granuleKeys);
    const settled = new Set<string>();
    for (const key of granuleKeys) if (await isMadeInCloud(tables.warehouse, key)) settled.add(key);
    const known = new Set(partIds);
    const fresh: DecodedPart[] = [];
    let lateCount = 0;
    for (const each of parts) {
      const { id, subject } = each.part.attributes;
      if (settled.has(subject)) lateCount++;
      else if (!known.has(id)) fresh.push(each);
      known.add(id);
    }
    // Also of parts that are there already: an earlier attempt may have brought them without being told so.
    const touched = touchedBy(parts.filter(({ part }) => !settled.has(part.attributes.subject)));
    try {
      const staged = await stageParts(tables.warehouse, fresh);
      await tables.publish(table, {
        commitId,
        addFiles: staged.map(({ file }) => file),
        extraColumns: uniqueColumns(staged),
        removePaths: [],
        summary: {
          [ingestOffsetsKey]: offsets,
          ...(lostCount > 0n ? { [ingestLostKey]: String(lostCount) } : {}),
          ...(table === goldPlotIndex ? { [ingestTouchedKey]: JSON.stringify(touched) } : {}),
        },
        baseSnapshotId,
        // Also after sinks of other groups: they may have brought the same parts.
        lookAgainAfter: [settlementKey, ingestOffsetsKey],
        properties: {
          set: { [offsetsProperty(group)]: offsets },
          expected: { [offsetsProperty(group)]: before },
        },
      });
      const repeatedCount = parts.length - fresh.length - lateCount;
      return { commitId, addedCount: fresh.length, repeatedCount, lateCount, offsets };
    } catch (error) {
      if (!(error instanceof NotFoundError) || attempt === commitAttemptCountMax) throw error;
    }
  }
}

/** Parts of one granule share a file. */
async function stageParts(warehouse: ObjectStore, parts: readonly DecodedPart[]): Promise<StagedParts[]> {
  const staged: StagedParts[] = [];
  for (const group of Map.groupBy(parts, fileKeyOf).values()) {
    const cells = group.filter((each) => each.kind === 'cells');
    const plots = group.filter((each) => each.kind === 'plots');
    if (cells.length > 0) staged.push(await stageCells(warehouse, cells));
    if (plots.length > 0) staged.push(await stagePlots(warehouse, plots));
  }
  return staged;
}

function uniqueColumns(staged: readonly StagedParts[]): ColumnDefinition[] {
  const columns = new Map(staged.flatMap(({ extraColumns }) => extraColumns).map((column) => [column.id, column]));
  return [...columns.values()].toSorted((left, right) => left.id - right.id);
}

function touchedBy(parts: readonly DecodedPart[]): { farmId: string; date: string }[] {
  const touched = parts.map(({ part: { key } }) => ({ farmId: key.farmId, date: key.date }));
  return [...new Map(touched.map((each) => [`${each.farmId}/${each.date}`, each])).values()];
}

/** The table of each kind of part. */
export const tableOfKind = { cells: silverReflectance, plots: goldPlotIndex } as const;
