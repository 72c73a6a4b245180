import { dayOfDate } from '#core/day.ts';
import { CubelakeError } from '#core/errors.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { compact } from '#core/maintenance/compact.ts';
import { expireSnapshots } from '#core/maintenance/expire-snapshots.ts';
import { planOldMetadataRemoval, removeOldMetadata } from '#core/maintenance/remove-old-metadata.ts';
import { planOrphanRemoval, removeOrphans } from '#core/maintenance/remove-orphans.ts';
import { planManifestRewrite, rewriteManifests } from '#core/maintenance/rewrite-manifests.ts';
import { type Row, stageRows } from '#core/pipeline/stage-table.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { simulatedTable } from './simulated-table.ts';

export const dayMs = 86_400_000;

export type MaintenanceKind = 'compact' | 'expire' | 'orphans' | 'old metadata' | 'manifests';

/** A file of rows, each of which is told by its name alone. */
export interface FilePlan {
  readonly fileName: string;
  readonly date: string;
  readonly rows: readonly string[];
  /** `knox` by default. */
  readonly farm?: string;
}

export async function maintain(context: PublishContext, kind: MaintenanceKind): Promise<void> {
  if (kind === 'compact') await compact(context, simulatedTable);
  if (kind === 'expire') await expireSnapshots(context, simulatedTable, { maxAgeMs: 2 * dayMs, minSnapshotCount: 1 });
  if (kind === 'orphans')
    await removeOrphans(context, simulatedTable, await planOrphanRemoval(context, simulatedTable, { minAgeMs: 0 }));
  if (kind === 'old metadata') await removeOldMetadata(context, await planOldMetadataRemoval(context, simulatedTable));
  if (kind === 'manifests')
    await rewriteManifests(context, simulatedTable, await planManifestRewrite(context, simulatedTable));
}

/** Work that may be given up: whatever failed, nothing may be lost by it. Our own bugs are no excuse. */
export function tolerant(work: (context: PublishContext) => Promise<void>): (context: PublishContext) => Promise<void> {
  return async (context) => {
    for (let tries = 0; tries < 3; tries++) {
      try {
        return await work(context);
      } catch (error) {
        if (!(error instanceof CubelakeError) || error.disposition === 'bug') throw error;
        if (error.disposition !== 'retry') return;
      }
    }
  };
}

export async function untilAnswered<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
    }
  }
}

export function stage(
  { warehouse }: PublishContext,
  { fileName, date, rows, farm = 'knox' }: FilePlan,
  extraColumns: readonly ColumnDefinition[] = [],
): Promise<DataFile> {
  const day = dayOfDate(date);
  const known: Row = { farm_id: farm, acquisition_date: day, processing_id: 'p' };
  const table = { ...simulatedTable, columns: [...simulatedTable.columns, ...extraColumns] };
  const full = rows.map((plotId) =>
    Object.fromEntries(table.columns.map(({ name }) => [name, name === 'plot_id' ? plotId : (known[name] ?? null)])),
  );
  return stageRows(warehouse, table, { farm_id: farm, acquisition_date_day: day }, fileName, full);
}

export function extraColumn(position: number): ColumnDefinition {
  return {
    id: 20_000 + position,
    name: `extra_${position}`,
    type: 'double',
    required: false,
    doc: 'Extra',
    metrics: 'none',
  };
}
