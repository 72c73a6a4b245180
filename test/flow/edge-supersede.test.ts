// A cube that field and cloud both made stood in silver and gold twice for whoever did not filter, and where it did not,
// nobody could tell any more whether the field had been right.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { edgeProcessingId } from '#core/edge/edge-processing.ts';
import { createdBy } from '#core/formats/parquet/parquet-file.ts';
import { compact } from '#core/maintenance/compact.ts';
import { edgeMismatches } from '#core/pipeline/edge-mismatches.ts';
import { objectCreatedMessage, reprocessMessage } from '#core/pipeline/flow-messages.ts';
import { readRecord } from '#core/pipeline/ledger.ts';
import { settle } from '#core/pipeline/settle.ts';
import { status } from '#core/pipeline/status.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { edgeComparisonSchema } from '#schemas/edge-comparison.ts';
import { settlementSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { goldFieldMetrics, goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { type Lake, openLake } from '../../cli/open-lake.ts';
import { runFlow } from '../../cli/run-flow.ts';
import {
  granuleKey,
  lineCount,
  putSmallCube,
  type SmallCubeOptions,
  sampleCount,
} from '../core/pipeline/small-cube.ts';
import { bring, noisy, partsOfField } from './field-parts.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newLake(): Lake {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-supersede-'));
  folders.push(folder);
  return openLake(folder, { retryDelayMs: 0 });
}

async function processInCloud(lake: Lake, options: SmallCubeOptions): Promise<void> {
  await putSmallCube(lake.raw, options);
  for await (const facts of lake.raw.list('')) await lake.events.send([objectCreatedMessage(lake.bucket, facts)]);
  await runFlow(lake);
}

const comparisonOf = async (lake: Lake) =>
  (await readRecord(lake.warehouse, controlKeys.edgeComparison(granuleKey), edgeComparisonSchema))?.value;

/** Rows of the granule by where they are from, and what the field's metrics are of. */
async function contents(lake: Lake) {
  const ofCube = [{ column: 'cube_id', op: '=' as const, value: 'c1' }];
  const silver = await readTableRows(lake, silverReflectance, ['cube_id', 'origin'], ofCube);
  const gold = await readTableRows(lake, goldPlotIndex, ['cube_id', 'processing_id', 'part_id'], ofCube);
  const metrics = await readTableRows(lake, goldFieldMetrics, ['period', 'spectral_index', 'mean', 'valid_count'], []);
  const own = (rows: typeof silver) => rows.filter((row) => row['cube_id'] === 'c1');
  return {
    silver: Object.fromEntries(
      Object.entries(Object.groupBy(own(silver), (row) => String(row['origin']))).map(([origin, rows]) => [
        origin,
        rows!.length,
      ]),
    ),
    gold: {
      edge: own(gold).filter((row) => row['processing_id'] === edgeProcessingId(granuleKey)).length,
      cloud: own(gold).filter((row) => row['part_id'] === null).length,
    },
    ndvi: metrics.find((row) => row['period'] === 'day' && row['spectral_index'] === 'ndvi'),
  };
}

/** Rows of the field in both tables, with all their values. */
async function rowsWithPart(lake: Lake): Promise<string[]> {
  const rows: string[] = [];
  for (const table of [silverReflectance, goldPlotIndex]) {
    const names = [...table.columns.map(({ name }) => name), 'part_id', 'r0670', 'r0800', 'ndvi_mean'];
    for (const row of await readTableRows(lake, table, names, [])) {
      const told = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));
      if (row['part_id'] !== null) rows.push(told);
    }
  }
  return rows.toSorted();
}

/** What a compaction merges, with the name of another program in its footer. */
async function mergeByAnother(lake: Lake): Promise<void> {
  for (const table of [silverReflectance, goldPlotIndex]) await compact(lake, table);
  for (const { key } of await Array.fromAsync((lake.warehouse as ObjectStore).list('tables/'))) {
    if (!key.includes('/compacted-')) continue;
    const text = Buffer.from((await lake.warehouse.get(key)).bytes).toString('latin1');
    await lake.warehouse.put(
      key,
      Buffer.from(text.replace(createdBy, createdBy.replace('cubelake', 'somebody')), 'latin1'),
    );
  }
}

const cellCount = 2 * Math.ceil(lineCount / 5) * Math.ceil(sampleCount / 5);

describe('a granule that the field has made, once the cloud makes it', () => {
  it('is of the cloud alone in silver, gold and what is derived, and the two are compared', async () => {
    const lake = newLake();
    await bring(lake, await partsOfField(noisy));
    const before = await contents(lake);
    expect(before.silver['edge']).toBeGreaterThan(cellCount / 2);
    expect(before).toMatchObject({ gold: { cloud: 0 } });
    expect(before.gold.edge).toBeGreaterThan(2);
    expect(before.ndvi).toBeDefined();
    await processInCloud(lake, noisy);
    const after = await contents(lake);
    expect(after.silver).toEqual({ cloud: lineCount * sampleCount });
    expect(after.gold).toEqual({ edge: 0, cloud: before.gold.edge });
    expect(after.ndvi).toEqual(before.ndvi);
    const comparison = (await comparisonOf(lake))!;
    expect(comparison).toMatchObject({ cells_skipped: null, plots_skipped: null, beyond: [] });
    expect(comparison.plots.find(({ name }) => name === 'ndvi')).toMatchObject({ count: 2, max_absolute: 0 });
    const cells = comparison.cells.map(({ name, count, max_absolute }) => [name, count, max_absolute! <= 1.001e-4]);
    // All cells but those that lie on two row groups of the cloud.
    expect(cells.map(([name]) => name)).toEqual(['r0670', 'r0800', 'ndvi_mean']);
    for (const [, count, isWithin] of cells) {
      expect(count).toBeGreaterThan(before.silver['edge']! * 0.8);
      expect(isWithin).toBe(true);
    }
    expect(await edgeMismatches(lake)).toEqual({ count: 0, newest: [] });
    lake.close();
  }, 60_000);

  it('is told of until it is processed anew when the field made something else of it', async () => {
    const lake = newLake();
    // The field has taken another panel for its own: everything is 4 per cent too bright.
    const white = { key: 'reference_cubes/eu/farm-a/2026/07/01/white.hdr', panel: 0.52 };
    await bring(lake, await partsOfField({ ...noisy, capture: { white } }));
    await processInCloud(lake, noisy);
    expect((await contents(lake)).silver).toEqual({ cloud: lineCount * sampleCount });
    const comparison = (await comparisonOf(lake))!;
    expect(comparison.beyond).toEqual([expect.stringContaining('r0670: 0.0'), expect.stringContaining('r0800: 0.0')]);
    expect(await edgeMismatches(lake)).toEqual({ count: 1, newest: [comparison] });
    const settlements = await Array.fromAsync(lake.warehouse.list('control/settlements/'));
    const records = await Promise.all(settlements.map(({ key }) => readRecord(lake.warehouse, key, settlementSchema)));
    expect(records.map((record) => record!.value.edge_beyond_count ?? 0).toSorted()).toEqual([0, 1]);
    // A settler that died before its last step counts the same again, though the rows of the field are gone.
    const manifestId = comparison.manifest_id;
    await lake.warehouse.delete(controlKeys.settlement(manifestId));
    expect(await settle(lake, manifestId)).toMatchObject({ settlement: { edge_beyond_count: 1 } });
    expect(await comparisonOf(lake)).toEqual(comparison);
    const anew = { payload: 'hyperspectral-cube', granule_key: granuleKey, source: 'raw', request: 'anew' } as const;
    await lake.events.send([reprocessMessage(anew)]);
    await runFlow(lake);
    expect(await edgeMismatches(lake)).toEqual({ count: 0, newest: [] });
    lake.close();
  }, 60_000);

  it('leaves merged files to the others in them', async () => {
    const lake = newLake();
    await bring(lake, await partsOfField(noisy, granuleKey.replace(/c1$/, 'c22')));
    const others = (await readTableRows(lake, silverReflectance, ['cube_id'], [])).length;
    await bring(lake, await partsOfField(noisy));
    for (const table of [silverReflectance, goldPlotIndex])
      expect((await compact(lake, table)).writtenCount).toBeGreaterThan(0);
    await processInCloud(lake, noisy);
    expect(await contents(lake)).toMatchObject({ silver: { cloud: lineCount * sampleCount }, gold: { edge: 0 } });
    const fromField = async (table: typeof silverReflectance) => {
      const rows = await readTableRows(lake, table, ['cube_id', 'part_id'], []);
      return rows.filter((row) => row['part_id'] !== null).map((row) => row['cube_id']);
    };
    expect(await fromField(silverReflectance)).toEqual(Array.from({ length: others }, () => 'c22'));
    expect(new Set(await fromField(goldPlotIndex))).toEqual(new Set(['c22']));
    // Merged files still say what they are rounded to, and which rows are whose.
    const comparison = (await comparisonOf(lake))!;
    expect(comparison).toMatchObject({ plots_skipped: null, cells_skipped: null, beyond: [] });
    expect(comparison.cells[0]!.count).toBeGreaterThan(others * 0.8);
    expect(comparison.cells[0]!.max_absolute).toBeLessThanOrEqual(1.001e-4);
    expect(comparison.plots.find(({ name }) => name === 'ndvi')).toMatchObject({ count: 2, max_absolute: 0 });
    lake.close();
  }, 60_000);

  it('leaves files that another program merged to the others in them', async () => {
    const lake = newLake();
    await bring(lake, await partsOfField(noisy, granuleKey.replace(/c1$/, 'c22')));
    const others = await rowsWithPart(lake);
    await bring(lake, await partsOfField(noisy));
    await mergeByAnother(lake);
    await processInCloud(lake, noisy);
    expect(await contents(lake)).toMatchObject({ silver: { cloud: lineCount * sampleCount }, gold: { edge: 0 } });
    expect(await rowsWithPart(lake)).toEqual(others);
    lake.close();
  }, 60_000);

  it('stays what the field made while the cloud cannot', async () => {
    const lake = newLake();
    await bring(lake, await partsOfField(noisy));
    const before = await contents(lake);
    await processInCloud(lake, { ...noisy, capture: { dark: { key: 'reference_cubes/nowhere/dark.hdr' } } });
    expect((await status(lake)).counts).toMatchObject({ failed: 1 });
    expect(await contents(lake)).toEqual(before);
    expect(await comparisonOf(lake)).toBeUndefined();
    await processInCloud(lake, noisy);
    expect(await contents(lake)).toMatchObject({ silver: { cloud: lineCount * sampleCount }, gold: { edge: 0 } });
    expect((await comparisonOf(lake))!.beyond).toEqual([]);
    lake.close();
  }, 60_000);
});

it('files of the field that are gone do not stop a settlement', async () => {
  const lake = newLake();
  await bring(lake, await partsOfField(noisy));
  const files = await Array.fromAsync((lake.warehouse as ObjectStore).list('tables/'));
  for (const { key } of files) if (key.includes('/data/')) await lake.warehouse.delete(key);
  await processInCloud(lake, noisy);
  expect((await contents(lake)).silver).toEqual({ cloud: lineCount * sampleCount });
  const comparison = (await comparisonOf(lake))!;
  expect(comparison).toMatchObject({ plots: [], cells: [], beyond: [] });
  expect(comparison.cells_skipped).toContain('Expected');
  expect(comparison.plots_skipped).toContain('Expected');
  lake.close();
}, 60_000);
