// node bench/planning-ours.ts WAREHOUSE FARM DATE REPEATS: prints JSON as planning_pyiceberg.py does. The first plan is cold.
import { createHash } from 'node:crypto';
import { readOnlyFolder } from '#adapters/file/read-only-folder.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { type Filter, planScan } from '#core/formats/iceberg/scan.ts';
import { silverReflectance } from '#schemas/tables.ts';

const [folder, farm, date, repeats] = process.argv.slice(2) as [string, string, string, string];
const filters: Readonly<Record<string, Filter>> = {
  'farm day': {
    all: [
      { column: 'farm_id', op: '=', value: farm },
      { column: 'acquisition_date', op: '=', value: date },
    ],
  },
  everything: { all: [] },
};
// As SQL plans: without the bounds that only writers need.
const statisticsOf = new Set<number>();
const warehouse = readOnlyFolder(folder);
const table = (await pointerCatalog(warehouse).loadTable(silverReflectance))!;
const result: Record<string, unknown> = {};
for (const [name, filter] of Object.entries(filters)) {
  const reader = new ManifestReader(warehouse);
  const milliseconds: number[] = [];
  let paths: string[] = [];
  let manifests = {};
  for (let repeat = 0; repeat < Number(repeats); repeat++) {
    const start = performance.now();
    const plan = await planScan(table, warehouse, { filter, reader, statisticsOf });
    milliseconds.push(performance.now() - start);
    paths = plan.files.map((file) => file.path).toSorted();
    manifests = { manifestReadCount: plan.manifestReadCount, skippedManifestCount: plan.skippedManifestCount };
  }
  const hash = createHash('sha256').update(paths.join('\n')).digest('hex');
  result[name] = { milliseconds, fileCount: paths.length, hash, ...manifests };
}
console.log(JSON.stringify(result));
