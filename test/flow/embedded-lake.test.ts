import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { status } from '#core/pipeline/status.ts';
import { environment } from '#schemas/environment.ts';
import { openLake } from '../../cli/open-lake.ts';
import { runFlow } from '../../cli/run-flow.ts';
import { tableLines, textLake, uploadText } from './embedded-lake.ts';
import { textKey, textLines } from './text-payload.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-lake-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const newFolder = (): string => join(mkdtempSync(join(scratch, 'lake-')), 'lake');

describe('an embedded lake', () => {
  it('takes files through processes into an Iceberg table, and says what failed and what waits', async () => {
    const lake = textLake(newFolder());
    await uploadText(lake, 'a', 'one\ntwo');
    await uploadText(lake, 'bad', 'poison');
    await uploadText(lake, 'c', 'three');
    await lake.raw.put(textKey('half', 'txt'), Buffer.from('x'));
    const report = await runFlow(lake);
    expect(report).toMatchObject({
      manifestCount: 1,
      completeCount: 2,
      failedCount: 1,
      poison: [],
      settlementFailures: [],
    });
    expect(await tableLines(lake)).toEqual(['a:0:one', 'a:1:two', 'c:0:three']);
    const { granules, counts } = await status(lake);
    expect(counts).toEqual({ complete: 2, failed: 1, running: 0, waiting: 1 });
    expect(granules.find((granule) => granule.status === 'failed')?.reason).toMatch(
      /^FormatError: Expected text, got poison/,
    );
    expect(await runFlow(lake)).toMatchObject({ manifestCount: 0, completeCount: 0 });
    expect((await lake.catalog.loadTable(textLines))?.metadata.snapshots).toHaveLength(1);
    lake.close();
  });

  it('replaces a granule in one snapshot, and stores nothing for a file that is there already', async () => {
    const lake = textLake(newFolder());
    expect(await uploadText(lake, 'a', 'one')).toEqual(['stored', 'stored']);
    await runFlow(lake);
    expect(await uploadText(lake, 'a', 'one')).toEqual(['already there', 'already there']);
    expect(await runFlow(lake)).toMatchObject({ manifestCount: 0 });
    // Nobody has seen the event of the first file yet, so the second makes sure.
    expect(await uploadText(lake, 'a', 'two')).toEqual(['stored', 'queued again']);
    await runFlow(lake);
    expect(await tableLines(lake)).toEqual(['a:0:two']);
    const snapshots = (await lake.catalog.loadTable(textLines))?.metadata.snapshots ?? [];
    expect(snapshots.map((snapshot) => snapshot.summary?.['operation'])).toEqual(['append', 'overwrite']);
    lake.close();
  });

  it('queues a file again whose event was lost', async () => {
    const lake = textLake(newFolder());
    await lake.raw.put(textKey('a', 'txt'), Buffer.from('one'));
    await lake.raw.put(textKey('a', 'sum'), Buffer.from('3'));
    expect(await uploadText(lake, 'a', 'one')).toEqual(['queued again', 'queued again']);
    await runFlow(lake);
    expect(await tableLines(lake)).toEqual(['a:0:one']);
    lake.close();
  });

  it.each(['read', 'stage', 'staged', 'outcome', 'outcome written'])(
    'ends with the same rows when a job is killed at "%s" in its first attempt',
    async (label) => {
      const lake = textLake(newFolder(), { environment: { [environment.crashAt]: `${label}@1` } });
      await uploadText(lake, 'a', 'one');
      await uploadText(lake, 'b', 'two');
      expect(await runFlow(lake)).toMatchObject({ completeCount: 2, failedCount: 0 });
      expect(await tableLines(lake)).toEqual(['a:0:one', 'b:0:two']);
      const [manifestId] = new Set((await status(lake)).granules.map((granule) => granule.manifestId));
      const job = await lake.runner.describe(`cubelake-${manifestId}`);
      expect(job?.children.map((child) => child.attemptCount)).toEqual([2, 2]);
      lake.close();
    },
  );

  it('gives up on a job that is killed in every attempt, and says so', async () => {
    const lake = textLake(newFolder(), { environment: { [environment.crashAt]: 'staged' } });
    await uploadText(lake, 'a', 'one');
    expect(await runFlow(lake)).toMatchObject({ completeCount: 0, failedCount: 1 });
    const [granule] = (await status(lake)).granules;
    expect(granule).toMatchObject({ status: 'failed', reason: expect.stringContaining('killed by SIGKILL') });
    expect(await lake.catalog.loadTable(textLines)).toBeNull();
    lake.close();
  });

  it('goes on where a scheduler was killed in the middle of its jobs', async () => {
    const folder = newFolder();
    const lake = textLake(folder);
    for (let granule = 0; granule < 6; granule++) await uploadText(lake, `g${granule}`, `text ${granule}`);
    const scheduler = spawn(process.execPath, [join(import.meta.dirname, 'run-text-flow.ts'), folder], {
      stdio: 'ignore',
    });
    const exit = once(scheduler, 'exit');
    const outcomes = join(folder, 'warehouse', 'control', 'outcomes');
    const watcher = watch(folder, { recursive: true }, () => existsSync(outcomes) && scheduler.kill('SIGKILL'));
    expect((await exit)[1]).toBe('SIGKILL');
    watcher.close();
    expect((await status(lake)).counts.running).toBe(6);
    expect(await runFlow(lake)).toMatchObject({ completeCount: 6, failedCount: 0 });
    expect(await tableLines(lake)).toEqual([0, 1, 2, 3, 4, 5].map((granule) => `g${granule}:0:text ${granule}`));
    expect((await lake.catalog.loadTable(textLines))?.metadata.snapshots).toHaveLength(1);
    lake.close();
  });

  it('is not made by a command that only reads', () => {
    const folder = newFolder();
    expect(() => openLake(folder, { mustExist: true })).toThrow(ConfigurationError);
    expect(existsSync(folder)).toBe(false);
  });
});
