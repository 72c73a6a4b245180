import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { answerOf, runCubelake } from './run-cubelake.ts';
import { cropCounts, flatCounts, plotText, writeCube, writeReferences, writeText } from './small-field.ts';

/** Two cubes of one day with one calibration; then its white reference turns out to be wrong. */
const folder = mkdtempSync(join(tmpdir(), 'cubelake-repair-'));
const json = async (...args: string[]) => JSON.parse(await answerOf(folder, [...args, '--json']));
const rows = async (query: string): Promise<unknown[][]> => (await json('sql', query)).rows;
const means = () => rows('SELECT cube_id, round(max(r0800), 3) FROM silver.reflectance GROUP BY ALL ORDER BY 1');
const at = '--farm f1 --date 2026-07-01'.split(' ');
let options: string[];

beforeAll(async () => {
  options = [...writeReferences(folder), '--plots', writeText(folder, 'plots.geojson', plotText())];
  const cubes = [writeCube(folder, 'one'), writeCube(folder, 'two', { data: cropCounts(0.5) })];
  await answerOf(folder, ['ingest', ...cubes, ...at, ...options]);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a lake that is repaired from the command line', () => {
  it('tags a snapshot, and shows and removes the tag', async () => {
    await answerOf(folder, ['tag', 'silver.reflectance', 'season', '--keep', '365d']);
    expect(await json('tag', '--list', 'silver.reflectance')).toMatchObject([
      { kind: 'branch', name: 'main' },
      { kind: 'tag', name: 'season', keep_days: 365 },
    ]);
    await answerOf(folder, ['tag', 'gold.plot_index', 'short']);
    await answerOf(folder, ['untag', 'gold.plot_index', 'short']);
    expect(await json('tag', '--list', 'gold.plot_index')).toHaveLength(1);
  });

  it.each([
    [['tag', 'silver.reflectance', 'main'], 78, /Expected a name other than main/],
    [['tag', 'silver.reflectance', 'x', '--keep', 'long'], 78, /Expected days as 365d/],
    [['untag', 'silver.reflectance', 'x'], 78, /There are: branch main, tag season/],
    [['rollback', 'silver.reflectance', '--to', 'harvest'], 78, /got "harvest"\. There are: branch main, tag season/],
    [['rollback', 'silver', '--to', '1'], 78, /Expected a table as namespace\.name/],
    [['reprocess', '--calibration', 'zz'], 78, /Expected a calibration id/],
    [['reprocess', '--cube', 'one', '--all'], 78, /got --cube and --all/],
    [['reprocess', '--publish', 'x'], 65, /Expected the id of a replacement/],
    [['reprocess', '--sensor', 'none'], 65, /Expected settled cubes/],
  ])('refuses %j in one sentence', async (args, code, message) => {
    const { exitCode, messages } = await runCubelake(folder, args);
    expect([exitCode, messages.length]).toEqual([code, 1]);
    expect(messages[0]).toMatch(message);
  });

  it('makes all cubes of a corrected reference again: plan, branch, comparison, one snapshot', async () => {
    // White counts of the panel were 2100 over a dark of 100; 4100 halves every reflectance.
    expect(await means()).toEqual([
      ['one', 0.5],
      ['two', 0.25],
    ]);
    const before = await rows("SELECT count(*) FROM lake.snapshots WHERE table_name = 'silver.reflectance'");
    const key = 'reference_cubes/local/f1/2026/07/01/white';
    await fileObjectStore(join(folder, 'lake', 'raw')).put(`${key}.bil`, flatCounts(4100, 4));

    const plan = await json('reprocess', '--reference', key, '--dry-run');
    expect(plan.costs).toMatchObject([
      { source: 'raw', isOther: true },
      { source: 'raw', isOther: true },
    ]);
    const staged = await json('reprocess', '--reference', key, '--stage');
    expect(staged).toMatchObject({ state: 'staged', replacementId: plan.replacement.replacement_id });
    expect(await means()).toEqual([
      ['one', 0.5],
      ['two', 0.25],
    ]);
    expect(
      await rows(
        `SELECT round(max(r0800), 3) FROM silver.reflectance FOR VERSION AS OF 'reprocess-${staged.replacementId}'`,
      ),
    ).toEqual([[0.25]]);
    const red = staged.comparison.granules[0].differences.find((each: { name: string }) => each.name === 'r0800');
    expect(red).toMatchObject({ count: 160, only_old_count: 0, only_new_count: 0 });
    expect(red.mean_absolute).toBeCloseTo(0.25, 4);

    const strict = await runCubelake(folder, ['reprocess', '--reference', key, '--tolerance', '0.1']);
    expect([strict.exitCode, strict.messages.at(-1)]).toEqual([65, expect.stringContaining('Nothing was published')]);
    await answerOf(folder, ['reprocess', '--publish', staged.replacementId]);
    expect(await means()).toEqual([
      ['one', 0.25],
      ['two', 0.125],
    ]);
    const after = await rows("SELECT count(*) FROM lake.snapshots WHERE table_name = 'silver.reflectance'");
    // One on the branch, one on main.
    expect(Number(after[0]![0])).toBe(Number(before[0]![0]) + 2);
    expect((await json('tag', '--list')).map((ref: { name: string }) => ref.name)).not.toContain(
      `reprocess-${staged.replacementId}`,
    );
  });

  it('rolls a table back, says what waits, and makes it again on request', async () => {
    const report = await json('rollback', 'silver.reflectance', '--to', 'season');
    expect(report).toMatchObject({
      rows: { before: 320, after: 320 },
      aheadTables: ['gold.plot_index', 'silver.bands'],
    });
    expect(await means()).toEqual([
      ['one', 0.5],
      ['two', 0.25],
    ]);
    const status = await json('status', '--reconcile');
    expect(status.counts).toMatchObject({ waiting: 2 });
    expect(await json('reprocess', '--rolled-back')).toMatchObject({ state: 'published' });
    expect(await means()).toEqual([
      ['one', 0.25],
      ['two', 0.125],
    ]);
    expect((await json('status')).counts).toMatchObject({ waiting: 0, failed: 0 });
  });

  it('takes one cube out of a file that maintenance merged with another, and leaves the other', async () => {
    await answerOf(folder, ['maintain', 'silver.reflectance', '--compact']);
    const files = (await json('sql', 'SELECT count(*) FROM silver.reflectance')).scan[0].fileCount;
    const other = await rows("SELECT sum(r0800), count(*) FROM silver.reflectance WHERE cube_id = 'two'");
    const header = writeCube(folder, 'one', { data: cropCounts(0.9) });
    await answerOf(folder, ['ingest', header, ...at, ...options]);
    expect(files).toBe(1);
    expect(await rows("SELECT sum(r0800), count(*) FROM silver.reflectance WHERE cube_id = 'two'")).toEqual(other);
    expect(
      await rows("SELECT count(*), count(DISTINCT processing_id) FROM silver.reflectance WHERE cube_id = 'one'"),
    ).toEqual([[expect.anything(), expect.anything()]]);
    expect(Number((await rows("SELECT count(*) FROM silver.reflectance WHERE cube_id = 'one'"))[0]![0])).toBe(160);
  });
});
