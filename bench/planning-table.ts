import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { dateOfDay } from '#core/day.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { encodeSingleValue } from '#core/formats/iceberg/single-value.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silverReflectance } from '#schemas/tables.ts';

const farmCount = 10;
const firstDay = 20_000;

/** One farm and day of the table: a thousandth of 10 000 and more files. */
export const farmDay = { farm: 'farm3', date: dateOfDay(firstDay + 7) };

/**
 * silver.reflectance with the metadata of so many files and none of the files, committed day by day as flights come: ten
 * farms a day, each with as many cubes as make 100 days of it (1 day for 100 files).
 */
export async function planningTable(
  folder: string,
  fileCount: number,
): Promise<{ warehouse: ObjectStore; table: LoadedTable }> {
  const warehouse = fileObjectStore(folder);
  const catalog = pointerCatalog(warehouse);
  const context = { catalog, warehouse, clock: systemClock, random: { next: () => 0.5 } };
  const dayCount = fileCount <= 100 ? 10 : 100;
  const cubeCount = fileCount / dayCount / farmCount;
  for (let day = 0; day < dayCount; day++) {
    const addFiles: DataFile[] = [];
    for (let farm = 0; farm < farmCount; farm++)
      for (let cube = 0; cube < cubeCount; cube++)
        addFiles.push(silverFile(warehouse, `farm${farm}`, firstDay + day, cube));
    const change = { commitId: `day${day}`, extraColumns: [], addFiles, removePaths: [], summary: {} };
    await publish(context, silverReflectance, change);
  }
  return { warehouse, table: (await catalog.loadTable(silverReflectance))! };
}

const rowCount = 1_280_000;

function silverFile(warehouse: ObjectStore, farm: string, day: number, cube: number): DataFile {
  const name = `${farm}-${day}-${cube}`;
  const lower: Record<string, string> = {};
  const upper: Record<string, string> = {};
  const counts: Record<string, number> = {};
  for (const { id, name: column, type } of silverReflectance.columns) {
    const known = { farm_id: farm, acquisition_date: day, cube_id: name, processing_id: `${name}-p` }[column];
    const numeric = type === 'string' ? 'value' : type === 'long' || type === 'timestamptz' ? BigInt(cube) : cube;
    const bound = (value: string | number | bigint) => Buffer.from(encodeSingleValue(type, value)).toString('base64');
    lower[id] = bound(known ?? numeric);
    upper[id] = bound(known ?? (typeof numeric === 'number' ? numeric + 1 : numeric));
    counts[id] = rowCount;
  }
  const partition = `farm_id=${farm}/acquisition_date_day=${dateOfDay(day)}`;
  return {
    path: `${warehouse.rootUri}/tables/silver/reflectance/data/${partition}/${name}.parquet`,
    partition: { farm_id: farm, acquisition_date_day: day },
    recordCount: rowCount,
    fileSizeBytes: 590_000_000,
    splitOffsets: Array.from({ length: 32 }, (_, group) => 4 + group * 18_000_000),
    columnSizes: counts,
    valueCounts: counts,
    nullValueCounts: Object.fromEntries(Object.keys(counts).map((id) => [id, 0])),
    nanValueCounts: { 10: 0, 11: 0, 12: 0, 13: 0 },
    lowerBounds: lower,
    upperBounds: upper,
  };
}
