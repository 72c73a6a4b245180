import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { dateOfDay } from '#core/day.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import type { PublishContext, TableChange } from '#core/formats/iceberg/publish.ts';
import { encodeSingleValue, type SingleValue } from '#core/formats/iceberg/single-value.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { ColumnDefinition, ColumnType, TableDefinition } from '#schemas/table-definition.ts';

/** Three key columns, partitioned as silver is. */
export const plots: TableDefinition = {
  namespace: 'gold',
  name: 'plots',
  doc: 'Plots',
  columns: [column(1, 'farm_id', 'string', true), column(2, 'day', 'date', true), column(3, 'mean', 'double', false)],
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'day_day', sourceColumn: 'day', transform: 'day' },
  ],
};

export function column(id: number, name: string, type: ColumnType, required = false): ColumnDefinition {
  return { id, name, type, required, doc: name, metrics: 'full' };
}

export function bandColumn(nm: number): ColumnDefinition {
  return { ...column(10_000 + nm * 10, `r0${nm}`, 'float'), metrics: 'none' };
}

export interface FileParts {
  readonly farm?: string;
  readonly day?: number;
  readonly rowCount?: number;
  /** Least and greatest value of `mean`. */
  readonly mean?: readonly [number, number];
}

/** What Iceberg keeps of a file; the file itself is a few bytes that only have to be there. */
export function dataFile(warehouse: ObjectStore, name: string, parts: FileParts = {}): DataFile {
  const { farm = 'knox', day = 20_600, rowCount = 10, mean } = parts;
  const bounds = (position: 0 | 1) => ({
    1: bound('string', farm),
    2: bound('date', day),
    ...(mean === undefined ? {} : { 3: bound('double', mean[position]) }),
  });
  const counts = (value: number) => ({ 1: value, 2: value, 3: value });
  return {
    path: `${warehouse.rootUri}/tables/gold/plots/data/farm_id=${farm}/day_day=${dateOfDay(day)}/${name}.parquet`,
    partition: { farm_id: farm, day_day: day },
    recordCount: rowCount,
    fileSizeBytes: 100 + rowCount,
    splitOffsets: [4],
    columnSizes: counts(30),
    valueCounts: counts(rowCount),
    nullValueCounts: { ...counts(0), 3: mean === undefined ? rowCount : 0 },
    nanValueCounts: { 3: 0 },
    lowerBounds: bounds(0),
    upperBounds: bounds(1),
  };
}

export function bound(type: ColumnType, value: SingleValue): string {
  return Buffer.from(encodeSingleValue(type, value)).toString('base64');
}

export function change(commitId: string, parts: Partial<TableChange> = {}): TableChange {
  return { commitId, extraColumns: [], addFiles: [], removePaths: [], summary: {}, ...parts };
}

/** A lake in memory whose clock goes on by a second at each look. */
export function memoryLake(warehouse: ObjectStore = memoryObjectStore('lake')): PublishContext {
  let nowMs = Date.UTC(2026, 5, 1);
  let uuid = 0;
  const tick = () => (nowMs += 1000);
  const newUuid = () => `00000000-0000-4000-8000-${String(uuid++).padStart(12, '0')}`;
  return {
    warehouse,
    catalog: pointerCatalog(warehouse, { nowMs: tick, newUuid }),
    clock: {
      nowMs: tick,
      sleepMs: async (durationMs) => {
        nowMs += durationMs;
      },
    },
    random: { next: () => 0.5 },
  };
}
