import { join } from 'node:path';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { environment } from '#schemas/environment.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { goldFieldMetrics, goldPlotIndex, silverBands, silverReflectance } from '#schemas/tables.ts';
import { type Lake, type OpenLakeOptions, openLake } from '../../cli/open-lake.ts';
import { putSmallCube, sampleCount } from '../core/pipeline/small-cube.ts';

/** A cube of ten tiles of 64 lines: five segments of two tiles, a row of three bands being 70 bytes. */
export const lineCount = 640;
export const tileCount = 10;
export const segmentBytesTarget = 2 * 64 * sampleCount * 70;

/** A later scheduler: messages that a dead one had taken are visible again. */
const laterClock = { nowMs: () => systemClock.nowMs() + 3_600_000, sleepMs: systemClock.sleepMs };

/** A lake whose jobs are processes with several threads and segments. @param crashAt As in `CUBELAKE_CRASH_AT`. */
export function segmentedLake(folder: string, crashAt: string | null = null, isLater = false): Lake {
  const options: OpenLakeOptions = {
    concurrency: 2,
    retryDelayMs: 0,
    environment: { [environment.threads]: '2', ...(crashAt === null ? {} : { [environment.crashAt]: crashAt }) },
    ...(isLater ? { clock: laterClock } : {}),
  };
  // The scheduler's payloads process nothing themselves.
  const nowhere = memoryObjectStore();
  const payloads = wirePayloads({ raw: nowhere, warehouse: nowhere, threadCount: 1 });
  return openLake(folder, { ...options, job: { entryPath: join(import.meta.dirname, 'segmented-job.ts'), payloads } });
}

/** The same lake over other stores. */
export function overStores(lake: Lake, raw: ObjectStore, warehouse: ObjectStore): Lake {
  const { clock, random } = lake;
  const tables = { catalog: pointerCatalog(warehouse), warehouse, clock, random };
  return { ...lake, ...tables, raw, ...tableAccess(tables) };
}

export async function uploadCube(lake: Lake): Promise<void> {
  await putSmallCube(lake.raw, { lineCount });
  for await (const facts of lake.raw.list('')) await lake.events.send([objectCreatedMessage(lake.bucket, facts)]);
}

/** What a lake holds, apart from the names that Iceberg makes up for each commit. */
export interface LakeContents {
  /** Key, version and size of every bronze object and data file. */
  readonly objects: readonly string[];
  readonly ledgerKeys: readonly string[];
  readonly tags: readonly string[];
  /** Table -> its rows, sorted. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
}

export async function contentsOf(lake: Lake): Promise<LakeContents> {
  const objects: string[] = [];
  const ledgerKeys: string[] = [];
  for await (const { key, etag, sizeBytes } of lake.warehouse.list('')) {
    if (key.startsWith('control/')) ledgerKeys.push(key);
    // A column of gold says when it was computed.
    else if (!/\/metadata\/|gold\/field_metrics/.test(key)) objects.push(`${key} ${etag} ${sizeBytes}`);
  }
  const tags: string[] = [];
  for await (const { key } of lake.raw.list('')) tags.push(`${key} ${JSON.stringify(await lake.raw.getTags(key))}`);
  const rows: Record<string, string[]> = {};
  for (const table of [silverReflectance, silverBands, goldPlotIndex, goldFieldMetrics])
    rows[table.name] = await rowsOf(lake, table);
  return { objects, ledgerKeys, tags, rows };
}

async function rowsOf(lake: Lake, table: TableDefinition): Promise<string[]> {
  const { metadata } = (await lake.catalog.loadTable(table))!;
  const { fields } = metadata.schemas.find((schema) => schema['schema-id'] === metadata['current-schema-id'])!;
  const columns = fields.map(({ name }) => name);
  const rows = await readTableRows(lake, table, columns, []);
  return rows
    .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)))
    .toSorted();
}
