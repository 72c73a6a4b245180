// node make-lake.ts FILES_FOLDER LAKE RESULT: our own writer's file; then tables of 1, 100 and 10 000 files in each layout, every file
// of a table a hard link to the same bytes under its own farm and day; and what our planner takes for one farm-day.
import { linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { currentSnapshot } from '#core/formats/iceberg/table-metadata.ts';
import {
  bandCounts,
  boundsOf,
  farmDayOf,
  fileCounts,
  type LayoutName,
  layoutNames,
  pixelCount,
  schemaFields,
  tableOf,
} from './layouts.ts';
import { medianSeconds } from './medians.ts';
import { measureOwnWriter } from './own-writer.ts';

interface BandMetrics {
  readonly counts: Record<string, number>;
  readonly nulls: Record<string, number>;
  readonly lower: Record<string, string>;
  readonly upper: Record<string, string>;
}

const noMetrics: BandMetrics = { counts: {}, nulls: {}, lower: {}, upper: {} };

const runCount = 3;
/** Bounds of every band cost so much that one table of this many files shows it. */
const fullMetricsFileCount = 1000;
const [filesFolder, lakeFolder, resultPath] = process.argv.slice(2) as [string, string, string];
const written: { layout: LayoutName; bandCount: number; fileBytes: number; splitOffsets: number[] }[] = JSON.parse(
  readFileSync(join(filesFolder, 'written.json'), 'utf8'),
);
const warehouse = fileObjectStore(join(lakeFolder, 'warehouse'));
const catalog = pointerCatalog(warehouse);
const context = { catalog, warehouse, clock: systemClock, random: systemRandom };
await catalog.createNamespace('wide');

const ownWriter = bandCounts.map((bandCount) => measureOwnWriter(filesFolder, bandCount, runCount));
const planning = [];
for (const bandCount of bandCounts) {
  for (const layout of layoutNames) {
    linkFiles(layout, bandCount);
    for (const fileCount of fileCounts) planning.push(await makeTable(layout, bandCount, fileCount, false));
  }
  planning.push(await makeTable('columns', bandCount, fullMetricsFileCount, true));
  console.log(`${bandCount} bands registered`);
}
writeFileSync(resultPath, JSON.stringify({ ownWriter, planning }));

function linkFiles(layout: LayoutName, bandCount: number): void {
  const folder = join(lakeFolder, 'warehouse', 'files', `${layout}_${bandCount}`);
  mkdirSync(folder, { recursive: true });
  const source = join(filesFolder, `${layout}_${bandCount}.parquet`);
  for (let file = 0; file < Math.max(...fileCounts); file++) linkSync(source, join(folder, `${file}.parquet`));
}

async function makeTable(layout: LayoutName, bandCount: number, fileCount: number, hasBandMetrics: boolean) {
  const table = tableOf(`${layout}_${bandCount}_${fileCount}${hasBandMetrics ? '_metrics' : ''}`);
  const request = createTableRequest(table);
  const fields = [...request.schema.fields, ...schemaFields(layout, bandCount)];
  await catalog.createTable(table, { ...request, schema: { ...request.schema, fields } });
  const addFiles = Array.from({ length: fileCount }, (_, file) =>
    dataFile(layout, bandCount, file, hasBandMetrics ? bandMetrics(bandCount, file) : noMetrics),
  );
  const start = performance.now();
  await publish(context, table, { commitId: table.name, extraColumns: [], addFiles, removePaths: [], summary: {} });
  const commitSeconds = (performance.now() - start) / 1000;
  const loaded = (await catalog.loadTable(table))!;
  const predicates = [
    { column: 'farm_id', op: '=', value: 'f000' },
    { column: 'acquisition_date', op: '=', value: '2026-05-01' },
  ] as const;
  const plan = await planScan(loaded, warehouse, { predicates });
  if (plan.files.length !== 1) throw new Error(`Expected one file of a farm-day, got ${plan.files.length}`);
  const planSeconds = await medianSeconds(runCount, async () =>
    planScan((await catalog.loadTable(table))!, warehouse, { predicates }),
  );
  const manifests = await new ManifestReader(warehouse).manifestsOf(currentSnapshot(loaded.metadata));
  return {
    layout,
    bandCount,
    fileCount,
    hasBandMetrics,
    commitSeconds,
    planSeconds,
    manifestBytes: manifests.reduce((sum, manifest) => sum + manifest.lengthBytes, 0),
    metadataBytes: statSync(new URL(loaded.metadataLocation)).size,
    metadataLocation: loaded.metadataLocation,
  };
}

/** Other bounds in each band and file, as real ones are. */
function bandMetrics(bandCount: number, file: number): BandMetrics {
  const ids = schemaFields('columns', bandCount).map((field) => field.id);
  const bound = (value: number) => Buffer.from(Float32Array.of(value / 1e4).buffer).toString('base64');
  return {
    counts: Object.fromEntries(ids.map((id) => [id, pixelCount])),
    nulls: Object.fromEntries(ids.map((id) => [id, 0])),
    lower: Object.fromEntries(ids.map((id) => [id, bound((id * 7919 + file * 104_729) % 997)])),
    upper: Object.fromEntries(ids.map((id) => [id, bound(3000 + ((id * 7919 + file * 104_729) % 4999))])),
  };
}

function dataFile(layout: LayoutName, bandCount: number, file: number, metrics: BandMetrics): DataFile {
  const facts = written.find((each) => each.layout === layout && each.bandCount === bandCount)!;
  const { farm, day } = farmDayOf(file);
  const keyCounts = (count: number) => ({ 1: count, 2: count });
  const keyBounds = boundsOf(file);
  return {
    path: `${warehouse.rootUri}/files/${layout}_${bandCount}/${file}.parquet`,
    partition: { farm_id: farm, acquisition_date_day: day },
    recordCount: pixelCount,
    fileSizeBytes: facts.fileBytes,
    splitOffsets: facts.splitOffsets,
    columnSizes: metrics.counts,
    valueCounts: { ...keyCounts(pixelCount), ...metrics.counts },
    nullValueCounts: { ...keyCounts(0), ...metrics.nulls },
    nanValueCounts: metrics.nulls,
    lowerBounds: { ...keyBounds, ...metrics.lower },
    upperBounds: { ...keyBounds, ...metrics.upper },
  };
}
