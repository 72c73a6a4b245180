import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { dateOfDay } from '#core/day.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';

/** A few columns of every type, partitioned as silver is. */
export const pixels: TableDefinition = {
  namespace: 'silver',
  name: 'pixels',
  doc: 'Pixels',
  columns: [
    [1, 'farm_id', 'string', true],
    [2, 'day', 'date', true],
    [3, 'line', 'int', true],
    [4, 'lon', 'double', false],
    [5, 'plot_id', 'string', false],
    [6, 'cell', 'long', false],
  ].map(([id, name, type, required]) => ({ id, name, type, required, doc: '', metrics: 'full' }) as ColumnDefinition),
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'day_day', sourceColumn: 'day', transform: 'day' },
  ],
};

export const redBand: ColumnDefinition = {
  id: 16_700,
  name: 'r0670',
  type: 'float',
  required: false,
  doc: '',
  metrics: 'none',
};

/** One data file: all rows of one farm and day. */
export interface PixelFile {
  readonly farm: string;
  readonly day: number;
  readonly lines: readonly number[];
  readonly lons: readonly (number | null)[];
  readonly plots: readonly (string | null)[];
  readonly cells: readonly bigint[];
  /** Packed reflectance; absent in files of a sensor without the band. */
  readonly red?: readonly number[];
}

export interface SmallLake {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
  /** One commit. @returns its snapshot id. */
  commit(commitId: string, files: readonly PixelFile[]): Promise<bigint>;
  remove(): void;
}

/**
 * A real lake: pointer catalog, our own Parquet, by default files in a temporary folder whose name has a space and a
 * percent sign. Commits are one second apart.
 */
export function smallLake(store?: ObjectStore): SmallLake {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake sql 100%-'));
  const warehouse = store ?? fileObjectStore(join(folder, 'warehouse'));
  const catalog = pointerCatalog(warehouse);
  let nowMs = Date.UTC(2026, 4, 1);
  const clock = { nowMs: () => (nowMs += 1000), sleepMs: async () => {} };
  const context = { catalog, warehouse, clock, random: { next: () => 0.5 } };
  return {
    catalog,
    warehouse,
    remove: () => rmSync(folder, { recursive: true }),
    async commit(commitId, files) {
      const addFiles = await Promise.all(
        files.map((file, index) => writeFile(warehouse, file, `${commitId}-${index}`)),
      );
      const extraColumns = files.some((file) => file.red !== undefined) ? [redBand] : [];
      const change = { commitId, extraColumns, addFiles, removePaths: [], summary: {} };
      return (await publish(context, pixels, change)).snapshotId;
    },
  };
}

async function writeFile(warehouse: ObjectStore, file: PixelFile, name: string) {
  const columns = file.red === undefined ? pixels.columns : [...pixels.columns, redBand];
  const values: ColumnValues[] = [
    { kind: 'constant', value: file.farm },
    { kind: 'constant', value: file.day },
    { kind: 'int32', values: Int32Array.from(file.lines), validMask: null },
    { kind: 'float64', values: Float64Array.from(file.lons, (lon) => lon ?? Number.NaN) },
    { kind: 'strings', values: file.plots },
    { kind: 'int64', values: BigInt64Array.from(file.cells), validMask: null },
  ];
  if (file.red !== undefined) values.push({ kind: 'packed', values: Int16Array.from(file.red) });
  const { bytes, facts } = encodeParquet(columns, values, file.lines.length);
  const key = `tables/silver/pixels/data/farm_id=${file.farm}/day=${dateOfDay(file.day)}/${name}.parquet`;
  await warehouse.put(key, bytes);
  return facts.dataFile(`${warehouse.rootUri}/${key}`, { farm_id: file.farm, day_day: file.day }, bytes.length);
}
