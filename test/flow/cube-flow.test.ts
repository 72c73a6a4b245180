import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { objectCreatedMessage, reprocessMessage } from '#core/pipeline/flow-messages.ts';
import { status } from '#core/pipeline/status.ts';
import { environment } from '#schemas/environment.ts';
import { type Lake, openLake } from '../../cli/open-lake.ts';
import { runFlow } from '../../cli/run-flow.ts';
import { granuleKey, putSmallCube, type SmallCubeOptions } from '../core/pipeline/small-cube.ts';

// A real cube through the real flow: file stores, SQLite queue, job processes, Iceberg tables, DuckDB.

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newLake(variables: Record<string, string> = {}): Lake {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-flow-'));
  folders.push(folder);
  return openLake(folder, { environment: variables, retryDelayMs: 0 });
}

async function upload(lake: Lake, options: SmallCubeOptions = {}): Promise<void> {
  await putSmallCube(lake.raw, options);
  for await (const facts of lake.raw.list('')) await lake.events.send([objectCreatedMessage(lake.bucket, facts)]);
}

async function contents(lake: Lake): Promise<unknown> {
  const session = await openSql(lake);
  const ask = async (sql: string) => (await session.query(sql)).rows;
  return {
    silver: await ask(
      'SELECT count(*), count(DISTINCT (line, sample)), sum(r0670::DOUBLE), sum(r1240::DOUBLE), min(processing_id) FROM silver.reflectance',
    ),
    gold: await ask('SELECT plot_id, spectral_index, valid_count, mean FROM gold.plot_index ORDER BY ALL'),
    metrics: await ask(
      'SELECT period, period_start, spectral_index, plot_count, cube_count, mean FROM gold.field_metrics ORDER BY ALL',
    ),
  };
}

async function snapshotCounts(lake: Lake): Promise<unknown> {
  const session = await openSql(lake);
  return (await session.query('SELECT table_name, count(*) FROM lake.snapshots GROUP BY ALL ORDER BY ALL')).rows;
}

describe('a cube in a lake', () => {
  it('ends in every table, and the same events again change nothing', async () => {
    const lake = newLake();
    await upload(lake);
    await runFlow(lake);
    const before = await contents(lake);
    expect(before).toMatchObject({
      silver: [[840n, 840n, expect.closeTo(420 * 0.04 + 420 * 0.2, 3), expect.anything(), expect.any(String)]],
    });
    const snapshots = await snapshotCounts(lake);
    for await (const facts of lake.raw.list('')) await lake.events.send([objectCreatedMessage(lake.bucket, facts)]);
    await runFlow(lake);
    expect(await contents(lake)).toEqual(before);
    expect(await snapshotCounts(lake)).toEqual(snapshots);
    expect((await status(lake)).counts).toEqual({ complete: 2, failed: 0, running: 0, waiting: 0 });
    lake.close();
  }, 60_000);

  it.each(['read', 'tile:0', 'tile:1', 'stage', 'bronze metadata'])(
    'is the same when its job is killed at step "%s"',
    async (step) => {
      const undisturbed = newLake();
      await upload(undisturbed);
      await runFlow(undisturbed);
      const killed = newLake({ [environment.crashAt]: `${step}@1` });
      await upload(killed);
      await runFlow(killed);
      expect(await contents(killed)).toEqual(await contents(undisturbed));
      undisturbed.close();
      killed.close();
    },
    60_000,
  );

  it('has its rows replaced in one snapshot when a corrected file comes', async () => {
    const lake = newLake();
    await upload(lake);
    await runFlow(lake);
    await upload(lake, { count: (line, band) => (band === 0 && line >= 35 ? 100 + 0.1 * 4000 : null) });
    await runFlow(lake);
    expect(await contents(lake)).toMatchObject({
      silver: [[840n, 840n, expect.closeTo(420 * 0.04 + 420 * 0.1, 3), expect.anything(), expect.any(String)]],
    });
    const gold = (await contents(lake)) as { gold: unknown[][] };
    expect(gold.gold.filter((row) => row[1] === 'ndvi')).toHaveLength(2);
    lake.close();
  }, 60_000);

  it('gives the same rows again from bronze', async () => {
    const lake = newLake();
    await upload(lake);
    await runFlow(lake);
    const before = await contents(lake);
    const message = {
      payload: 'hyperspectral-cube',
      granule_key: granuleKey,
      source: 'bronze',
      request: 'once more',
    } as const;
    await lake.events.send([reprocessMessage(message)]);
    const report = await runFlow(lake);
    expect(report).toMatchObject({ completeCount: 1, failedCount: 0, poison: [] });
    expect(await contents(lake)).toEqual(before);
    lake.close();
  }, 60_000);
});
