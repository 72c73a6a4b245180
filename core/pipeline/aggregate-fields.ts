import { goldFieldMetrics, goldPlotIndex } from '#schemas/tables.ts';
import { dateOfDay, dayOfDate } from '../day.ts';
import { NotFoundError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { type PublishContext, publish } from '../formats/iceberg/publish.ts';
import { mainBranch } from '../formats/iceberg/table-metadata.ts';
import { commitAttemptCountMax } from '../limits.ts';
import { contentHash } from './content-hash.ts';
import { type Period, periodName, periodsOf } from './period.ts';
import { type PlotMean, poolPlots } from './pool-plots.ts';
import { type Row, stageRows } from './stage-table.ts';
import { livePaths, readTableRows } from './table-rows.ts';

/** A farm and a date whose gold.plot_index rows have changed. */
export interface TouchedDate {
  readonly farmId: string;
  /** `yyyy-mm-dd` */
  readonly date: string;
}

/** Entry in the summary of every snapshot that made periods anew: how many dates were touched. */
const aggregatedKey = 'cubelake.aggregated-dates';

/**
 * Computes gold.field_metrics anew for every day, week and month that the touched dates lie in, and replaces those
 * periods in one snapshot. Running it again gives the same rows.
 *
 * @param commitId A repeated call with the same id commits once.
 */
export async function aggregateFields(
  context: PublishContext,
  touched: readonly TouchedDate[],
  commitId: string,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await aggregateOnce(context, touched, commitId);
    } catch (error) {
      if (!(error instanceof NotFoundError) || attempt === commitAttemptCountMax) throw error;
    }
  }
}

/** @throws NotFoundError when another has replaced the same periods meanwhile: what was read may be older than what it read. */
async function aggregateOnce(
  context: PublishContext,
  touched: readonly TouchedDate[],
  commitId: string,
): Promise<void> {
  const addFiles: DataFile[] = [];
  const removePaths: string[] = [];
  // Before any row is read: who replaces the periods after this look makes this one look again.
  const looked = await context.catalog.loadTable(goldFieldMetrics);
  const baseSnapshotId = looked?.metadata.refs[mainBranch]?.['snapshot-id'] ?? null;
  for (const { farmId, periods } of periodsByFarm(touched)) {
    const rows = await readPlotRows(context, farmId, periods);
    for (const period of periods) {
      const partition = { farm_id: farmId, period: period.kind, period_start_day: period.startDay };
      removePaths.push(...(await livePaths(context, goldFieldMetrics, partitionPredicates(farmId, period))));
      const metrics = periodRows(farmId, period, rows);
      if (metrics.length === 0) continue;
      // Other rows get another name: a repeated call may see more rows, and a file that a snapshot names must not change.
      const fileName = `${contentHash([commitId, farmId, periodName(period), metrics])}.parquet`;
      addFiles.push(await stageRows(context.warehouse, goldFieldMetrics, partition, fileName, metrics));
    }
  }
  if (addFiles.length === 0 && removePaths.length === 0) return;
  // After a crash the files of this very commit may be live already.
  const added = new Set(addFiles.map(({ path }) => path));
  await publish(context, goldFieldMetrics, {
    commitId,
    extraColumns: [],
    addFiles,
    removePaths: removePaths.filter((path) => !added.has(path)),
    summary: { [aggregatedKey]: String(touched.length) },
    baseSnapshotId,
    lookAgainAfter: [aggregatedKey],
  });
}

function partitionPredicates(farmId: string, period: Period): { column: string; op: '='; value: string }[] {
  return [
    { column: 'farm_id', op: '=', value: farmId },
    { column: 'period', op: '=', value: period.kind },
    { column: 'period_start', op: '=', value: dateOfDay(period.startDay) },
  ];
}

function periodsByFarm(touched: readonly TouchedDate[]): { farmId: string; periods: Period[] }[] {
  const byFarm = new Map<string, Map<string, Period>>();
  for (const { farmId, date } of touched) {
    const periods = byFarm.get(farmId) ?? new Map<string, Period>();
    for (const period of periodsOf(date)) periods.set(periodName(period), period);
    byFarm.set(farmId, periods);
  }
  return [...byFarm].map(([farmId, periods]) => ({ farmId, periods: [...periods.values()] }));
}

interface PlotRow extends PlotMean {
  readonly day: number;
  readonly crop: string | null;
  readonly cropRow: number | null;
  readonly spectralIndex: string;
}

const plotColumns = [
  'acquisition_date',
  'cube_id',
  'plot_id',
  'crop',
  'crop_row',
  'spectral_index',
  'valid_count',
  'mean',
  'sd',
];

async function readPlotRows(context: PublishContext, farmId: string, periods: readonly Period[]): Promise<PlotRow[]> {
  const first = Math.min(...periods.map((period) => period.startDay));
  const end = Math.max(...periods.map((period) => period.endDay));
  const rows = await readTableRows(context, goldPlotIndex, plotColumns, [
    { column: 'farm_id', op: '=', value: farmId },
    { column: 'acquisition_date', op: '>=', value: dateOfDay(first) },
    { column: 'acquisition_date', op: '<', value: dateOfDay(end) },
  ]);
  return rows
    .filter((row) => row['mean'] !== null)
    .map((row) => ({
      day: dayOfDate(row['acquisition_date'] as string),
      cubeId: row['cube_id'] as string,
      plotId: row['plot_id'] as string,
      crop: row['crop'] as string | null,
      cropRow: row['crop_row'] as number | null,
      spectralIndex: row['spectral_index'] as string,
      validCount: row['valid_count'] as number,
      mean: row['mean'] as number,
      sd: row['sd'] as number | null,
    }));
}

function periodRows(farmId: string, period: Period, rows: readonly PlotRow[]): Row[] {
  const groups = new Map<string, PlotRow[]>();
  for (const row of rows) {
    if (row.day < period.startDay || row.day >= period.endDay) continue;
    const key = JSON.stringify([row.crop, row.cropRow, row.spectralIndex]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => {
      const pooled = poolPlots(group);
      return {
        farm_id: farmId,
        period: period.kind,
        period_start: period.startDay,
        crop: group[0]!.crop,
        crop_row: group[0]!.cropRow,
        spectral_index: group[0]!.spectralIndex,
        plot_count: pooled.plotCount,
        cube_count: pooled.cubeCount,
        valid_count: pooled.validCount,
        mean: pooled.mean,
        sd: pooled.sd,
        plot_mean_min: pooled.plotMeanMin,
        plot_mean_max: pooled.plotMeanMax,
      };
    });
}
