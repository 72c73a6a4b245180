import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { openS3Store } from '#adapters/s3/s3-object-store.ts';
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { type ReadRow, readTableRows } from '#core/pipeline/table-rows.ts';
import { environment } from '#schemas/environment.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { type Lake, openLake } from '../../../cli/open-lake.ts';
import { runFlow } from '../../../cli/run-flow.ts';
import { uploadToRaw } from '../../../cli/upload-to-raw.ts';
import { peerS3 } from '../object-stores/peer-s3.ts';

const root = join(import.meta.dirname, '../../..');
const peer = peerS3();
const scratch = mkdtempSync(join(tmpdir(), 'cubelake-peer-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The same lake with raw and warehouse in two buckets: queue and scheduler stay here, jobs are processes that reach S3. */
async function lakeInBuckets(): Promise<Lake> {
  const rawUri = `s3://${await peer.makeBucket({ isVersioned: true })}`;
  const warehouseUri = `s3://${await peer.makeBucket()}/the/warehouse`;
  const inherited = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_EC2_METADATA_DISABLED'];
  const lake = openLake(join(scratch, 'buckets'), {
    environment: {
      ...Object.fromEntries(inherited.map((name) => [name, process.env[name]!])),
      [environment.s3Endpoint]: peer.endpoint,
      [environment.rawUri]: rawUri,
      [environment.warehouseUri]: warehouseUri,
      // Worker threads open the stores themselves.
      [environment.threads]: '2',
    },
  });
  const raw = openS3Store(rawUri, peer.connection);
  const warehouse = openS3Store(warehouseUri, peer.connection);
  const { clock, random } = lake;
  const tables = { catalog: pointerCatalog(warehouse), warehouse, clock, random };
  const payloads = wirePayloads({ raw, warehouse, threadCount: 1 });
  return { ...lake, ...tables, raw, payloads, ...tableAccess(tables) };
}

async function fill(lake: Lake): Promise<void> {
  const simulated = join(scratch, 'simulated');
  for (const entry of readdirSync(simulated, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const key = relative(simulated, path);
    if (entry.isFile() && key.includes('/')) await uploadToRaw(lake, key, path);
  }
  const report = await runFlow(lake);
  expect(report).toMatchObject({ failedCount: 0, poison: [], waiting: [], settlementFailures: [] });
  expect(report.completeCount).toBeGreaterThanOrEqual(4);
}

/** Ids of versions follow ETags, which are the store's own: they name the same processing in both lakes. */
const storeOwnColumns = new Set(['granule_version_id', 'processing_id', 'calibration_id', 'bronze_uri', 'bronze_key']);

async function rowsOf(lake: Lake, table: TableDefinition): Promise<string[]> {
  // Band columns are in the table's own schema only.
  const { metadata } = (await lake.catalog.loadTable(table))!;
  const { fields } = metadata.schemas.find((schema) => schema['schema-id'] === metadata['current-schema-id'])!;
  const columns = fields.map(({ name }) => name).filter((name) => !storeOwnColumns.has(name));
  const rows: ReadRow[] = await readTableRows(lake, table, columns, []);
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
  return rows.map((row) => JSON.stringify(row, text)).toSorted();
}

describe('a lake in two buckets', () => {
  let local: Lake;
  let remote: Lake;
  beforeAll(async () => {
    const options = [
      '--sensor',
      'vnir',
      '--sensor',
      'neon',
      '--date',
      '2025-07-01',
      '--entries',
      '4',
      '--replicates',
      '2',
    ];
    const simulate = ['cli/main.ts', 'simulate', '--out', join(scratch, 'simulated'), ...options];
    execFileSync(process.execPath, simulate, { cwd: root, stdio: 'ignore' });
    local = openLake(join(scratch, 'local'));
    remote = await lakeInBuckets();
    await fill(local);
    await fill(remote);
  });
  afterAll(() => {
    local?.close();
    remote?.close();
  });

  it.each([silverReflectance, goldPlotIndex])('has the rows of $name that a lake in a folder has', async (table) => {
    const [expected, actual] = [await rowsOf(local, table), await rowsOf(remote, table)];
    expect(expected.length).toBeGreaterThan(100);
    expect(actual).toHaveLength(expected.length);
    // Compared without a diff of thousands of lines.
    expect(actual.find((row, index) => row !== expected[index])).toBe(undefined);
  });

  it('keeps bronze, byte for byte, and tags every raw part', async () => {
    const bytesOf = async (lake: Lake): Promise<number[]> =>
      (await Array.fromAsync(lake.warehouse.list('bronze/'), ({ sizeBytes }) => sizeBytes)).toSorted((a, b) => a - b);
    expect(await bytesOf(remote)).toEqual(await bytesOf(local));
    for await (const { key } of local.raw.list('raw_cubes/')) {
      expect(await remote.raw.getTags(key), key).toEqual(await local.raw.getTags(key));
    }
  });
});
