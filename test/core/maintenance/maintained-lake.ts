import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { dayOfDate } from '#core/day.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeRowGroup, rowGroupScratch } from '#core/formats/parquet/encode-row-group.ts';
import { readRows } from '#core/formats/parquet/read-rows.ts';
import { SilverStager } from '#core/pipeline/cube/stage-silver.ts';
import { type Row, stageRows } from '#core/pipeline/stage-table.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { bandColumns } from '#schemas/band-column.ts';
import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';

export const dayMs = 86_400_000;

/** A lake in memory whose clock stands still until a test moves it; objects carry its time. */
export interface MaintainedLake extends PublishContext {
  nowMs: number;
}

export function maintainedLake(wrap: (store: ObjectStore) => ObjectStore = (store) => store): MaintainedLake {
  const clock = { nowMs: () => lake.nowMs, sleepMs: async () => {} };
  const warehouse = wrap(memoryObjectStore('lake', clock));
  let uuid = 0;
  const newUuid = () => `00000000-0000-4000-8000-${String(uuid++).padStart(12, '0')}`;
  const lake: MaintainedLake = {
    nowMs: Date.UTC(2026, 5, 1),
    warehouse,
    catalog: pointerCatalog(warehouse, { nowMs: clock.nowMs, newUuid }),
    clock,
    random: { next: () => 0.5 },
  };
  return lake;
}

/** The same objects through another store, as a process that was started anew would see them. */
export function seenThrough(lake: MaintainedLake, warehouse: ObjectStore): PublishContext {
  return { ...lake, warehouse, catalog: pointerCatalog(warehouse, { nowMs: lake.clock.nowMs }) };
}

const farmId = 'knox';
const partition = { farm_id: farmId, acquisition_date_day: dayOfDate('2026-05-01') };

export function plotRow(cubeId: string, plot: number, processingId = `p-${cubeId}`): Row {
  const known: Row = {
    farm_id: farmId,
    acquisition_date: partition.acquisition_date_day,
    cube_id: cubeId,
    processing_id: processingId,
    plot_id: `plot-${plot}`,
    spectral_index: 'ndvi',
    pixel_count: 100,
    valid_count: 90 + plot,
    valid_fraction: 0.9,
    mean: plot % 5 === 4 ? null : 0.1 * plot,
  };
  return Object.fromEntries(goldPlotIndex.columns.map(({ name }) => [name, known[name] ?? null]));
}

/** Commits the plot rows of one cube as one small file. */
export async function addPlots(
  lake: PublishContext,
  cubeId: string,
  plotCount = 3,
  date = '2026-05-01',
): Promise<DataFile> {
  const day = dayOfDate(date);
  const rows = Array.from({ length: plotCount }, (_, plot) => ({ ...plotRow(cubeId, plot), acquisition_date: day }));
  const own = { farm_id: farmId, acquisition_date_day: day };
  const file = await stageRows(lake.warehouse, goldPlotIndex, own, `${cubeId}.parquet`, rows);
  await commit(lake, goldPlotIndex, cubeId, [file]);
  return file;
}

export async function commit(
  lake: PublishContext,
  table: TableDefinition,
  commitId: string,
  addFiles: readonly DataFile[],
  more: {
    readonly removePaths?: readonly string[];
    readonly summary?: Record<string, string>;
    readonly extraColumns?: readonly ColumnDefinition[];
  } = {},
): Promise<bigint> {
  const change = { commitId, extraColumns: [], addFiles, removePaths: [], summary: {}, ...more };
  return (await publish(lake, table, change)).snapshotId;
}

export interface SilverParts {
  readonly wavelengthNm?: readonly number[];
  readonly rowsPerGroup?: number;
  readonly groupCount?: number;
  /** Lowest cell of the cube. */
  readonly cell?: number;
}

/** Commits the pixels of one cube as one file of whole row groups. */
export async function addPixels(lake: PublishContext, cubeId: string, parts: SilverParts = {}): Promise<DataFile> {
  const { wavelengthNm = [550, 670], rowsPerGroup = 10_000, groupCount = 2, cell = 0 } = parts;
  const bands = bandColumns(wavelengthNm).map((column) => column!);
  const columns = [...silverReflectance.columns, ...bands];
  const stager = new SilverStager(lake.warehouse, columns, partition, `p-${cubeId}`);
  for (let group = 0; group < groupCount; group++) {
    const values = columns.map((column) => silverValues(column, cubeId, group * rowsPerGroup, rowsPerGroup, cell));
    await stager.append(encodeRowGroup(columns, values, rowsPerGroup, rowGroupScratch()), 0);
  }
  const { dataFile } = (await stager.finishFile())!;
  await commit(lake, silverReflectance, cubeId, [dataFile], { extraColumns: bands });
  return dataFile;
}

function silverValues(
  column: ColumnDefinition,
  cubeId: string,
  start: number,
  count: number,
  cell: number,
): ColumnValues {
  const constants: Record<string, string | number | bigint> = {
    farm_id: farmId,
    acquisition_date: partition.acquisition_date_day,
    acquired_at: 1_777_777_777_123_456n,
    cube_id: cubeId,
    processing_id: `p-${cubeId}`,
    origin: 'cloud',
    quality: 0,
    pixel_count: 1,
  };
  if (column.type === 'float')
    return {
      kind: 'packed',
      values: Int16Array.from({ length: count }, (_, row) => (row % 7 === 0 ? -32_768 : (row * 13 + column.id) % 9000)),
    };
  if (column.name === 'line' || column.name === 'sample')
    return {
      kind: 'int32',
      values: Int32Array.from({ length: count }, (_, row) =>
        column.name === 'line' ? (start + row) >> 6 : (start + row) & 63,
      ),
      validMask: null,
    };
  if (column.name === 'cell')
    return {
      kind: 'int64',
      values: BigInt64Array.from({ length: count }, (_, row) => BigInt(cell + start + ((row * 7919) % count))),
      validMask: null,
    };
  return { kind: 'constant', value: constants[column.name] ?? null };
}

/** All rows that a reader sees, as sorted text: what no maintenance may change. */
export async function rowsOf(lake: PublishContext, table: TableDefinition, snapshotId?: bigint): Promise<string[]> {
  const loaded = (await lake.catalog.loadTable(table))!;
  const plan = await planScan(loaded, lake.warehouse, snapshotId === undefined ? {} : { snapshotId });
  const names = plan.columns.map((column) => column.name);
  const rows: string[] = [];
  for (const file of plan.files) {
    const source = await lake.warehouse.open(keyOf(lake.warehouse, file.path));
    if (source.sizeBytes !== file.fileSizeBytes) throw new Error(`${file.path} has another size than recorded`);
    const read = await readRows(source, names);
    if (read.length !== file.recordCount) throw new Error(`${file.path} has other rows than recorded`);
    for (const row of read)
      rows.push(
        JSON.stringify(
          names.map((name) => row[name] ?? null),
          (_, value) => (typeof value === 'bigint' ? String(value) : value),
        ),
      );
  }
  return rows.sort();
}

export async function livePaths(lake: PublishContext, table: TableDefinition): Promise<string[]> {
  const { files } = await planScan((await lake.catalog.loadTable(table))!, lake.warehouse);
  return files.map((file) => file.path).sort();
}

export async function keysOf(lake: PublishContext): Promise<string[]> {
  return (await Array.fromAsync(lake.warehouse.list('tables/'))).map(({ key }) => key);
}
