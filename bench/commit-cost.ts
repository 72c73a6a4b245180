// node bench/commit-cost.ts: what one append of one file costs on tables of 10, 1 000 and 100 000 files.
// Files are records without bytes, with the statistics of silver's key columns; the store is in memory, so that the time is
// the committer's own. Every table is made in as many commits, because the metadata file grows with snapshots, not with files.
// Prints and keeps bench/results/commit-cost.json.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { encodeSingleValue } from '#core/formats/iceberg/single-value.ts';
import { currentSnapshot } from '#core/formats/iceberg/table-metadata.ts';
import { contentHash } from '#core/pipeline/content-hash.ts';
import { dataFileKey } from '#core/pipeline/stage-table.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silverReflectance } from '#schemas/tables.ts';

const makingCommitCount = 10;
const appendCount = 1000;
const filesPerPartition = 50;
const firstDay = 20_000;

interface Traffic {
  writtenBytes: number;
  readCount: number;
  readBytes: number;
}

function counting(store: ObjectStore, traffic: Traffic): ObjectStore {
  const counted: ObjectStore = Object.create(store) as ObjectStore;
  counted.get = async (key, options) => {
    const object = await store.get(key, options);
    traffic.readCount++;
    traffic.readBytes += object.sizeBytes;
    return object;
  };
  counted.head = (key) => store.head(key);
  counted.open = async (key, options) => {
    const source = await store.open(key, options);
    traffic.readCount++;
    const readInto = source.readInto.bind(source);
    source.readInto = (offsetBytes, target) => {
      traffic.readCount++;
      traffic.readBytes += target.length;
      return readInto(offsetBytes, target);
    };
    return source;
  };
  counted.list = (prefix) => store.list(prefix);
  counted.put = (key, bytes, options) => {
    traffic.writtenBytes += bytes.length;
    return store.put(key, bytes, options);
  };
  return counted;
}

function fileOf(warehouse: ObjectStore, position: number, day: number): DataFile {
  const processingId = contentHash(position);
  const partition = { farm_id: 'knox', acquisition_date_day: day };
  const values: Record<number, string | number | bigint> = {
    1: 'knox',
    2: day,
    3: BigInt(day) * 86_400_000_000n,
    4: `cube-${position}`,
    5: processingId,
    7: 'cloud',
    8: 2000,
    9: 640,
    10: 500_000 + position,
    11: 4_000_000 + position,
    12: -120 + position / 1e6,
    13: 36 + position / 1e6,
    14: BigInt(position) << 20n,
    16: 0,
    17: 1,
  };
  const ids = Object.keys(values);
  const typeOf = (id: string) => silverReflectance.columns.find((column) => column.id === Number(id))!.type;
  const bounds = Object.fromEntries(
    ids.map((id) => [id, Buffer.from(encodeSingleValue(typeOf(id), values[Number(id)]!)).toString('base64')]),
  );
  const counts = (value: number) => Object.fromEntries(ids.map((id) => [id, value]));
  return {
    path: `${warehouse.rootUri}/${dataFileKey(silverReflectance, partition, `${processingId}-00000.parquet`)}`,
    partition,
    recordCount: 1_280_000,
    fileSizeBytes: 400_000_000 + position,
    splitOffsets: Array.from({ length: 32 }, (_, group) => 4 + group * 12_000_000),
    columnSizes: counts(100_000),
    valueCounts: counts(1_280_000),
    nullValueCounts: counts(0),
    nanValueCounts: { 10: 0, 11: 0, 12: 0, 13: 0 },
    lowerBounds: bounds,
    upperBounds: bounds,
  };
}

/** One size of table: appends to days of their own, then to days that hold files already. */
async function measure(fileCount: number) {
  const traffic: Traffic = { writtenBytes: 0, readCount: 0, readBytes: 0 };
  const warehouse = counting(memoryObjectStore('lake'), traffic);
  const context = { warehouse, catalog: pointerCatalog(warehouse), clock: systemClock, random: systemRandom };
  const append = (name: string, addFiles: readonly DataFile[]) =>
    publish(context, silverReflectance, { commitId: name, extraColumns: [], addFiles, removePaths: [], summary: {} });
  const perCommit = fileCount / makingCommitCount;
  for (let commit = 0; commit < makingCommitCount; commit++) {
    const files = Array.from({ length: perCommit }, (_, index) => commit * perCommit + index);
    await append(
      `make ${commit}`,
      files.map((position) => fileOf(warehouse, position, firstDay + Math.floor(position / filesPerPartition))),
    );
  }
  const appends = async (where: string, dayOf: (index: number) => number, offset: number) => {
    const costs: { ms: number; writtenBytes: number; readCount: number; readBytes: number }[] = [];
    for (let index = 0; index < appendCount; index++) {
      const file = fileOf(warehouse, fileCount + offset + index, dayOf(index));
      Object.assign(traffic, { writtenBytes: 0, readCount: 0, readBytes: 0 });
      const start = performance.now();
      await append(`${where} ${index}`, [file]);
      costs.push({ ms: performance.now() - start, ...traffic });
    }
    return summary(costs);
  };
  const newDays = await appends('new', (index) => firstDay + 5000 + index, 0);
  const dayCount = Math.ceil(fileCount / filesPerPartition);
  const oldDays = await appends('old', (index) => firstDay + ((index * 37) % dayCount), appendCount);
  const { metadata } = (await context.catalog.loadTable(silverReflectance))!;
  const manifests = await new ManifestReader(warehouse).manifestsOf(currentSnapshot(metadata));
  return { fileCount, manifestCount: manifests.length, newDays, oldDays };
}

function summary(costs: readonly { ms: number; writtenBytes: number; readCount: number; readBytes: number }[]) {
  const of = (key: 'ms' | 'writtenBytes' | 'readCount' | 'readBytes') => {
    const sorted = costs.map((cost) => cost[key]).sort((a, b) => a - b);
    const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
    const [median, p99] = [0.5, 0.99].map((part) => round(sorted[Math.floor(part * sorted.length)]!));
    return { median, p99, max: round(sorted.at(-1)!), mean: round(mean) };
  };
  return { ms: of('ms'), writtenBytes: of('writtenBytes'), readCount: of('readCount'), readBytes: of('readBytes') };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

const tables = [];
for (const fileCount of [10, 1000, 100_000]) {
  const result = await measure(fileCount);
  tables.push(result);
  const { newDays, oldDays } = result;
  console.log(
    `${fileCount} files: ${newDays.ms.median} ms, ${newDays.writtenBytes.median} bytes written, ${newDays.readCount.median} objects read (new day); ${oldDays.ms.median} ms, ${oldDays.readCount.median} objects read (day with files); ${result.manifestCount} manifests`,
  );
}
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cpuCount: cpus().length,
  node: process.version,
  load: loadavg()[0],
};
const path = join(import.meta.dirname, 'results/commit-cost.json');
writeFileSync(path, `${JSON.stringify({ machine, makingCommitCount, appendCount, tables }, null, 2)}\n`);
