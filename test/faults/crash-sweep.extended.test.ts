import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOrphanRemoval, removeOrphans } from '#core/maintenance/remove-orphans.ts';
import { status } from '#core/pipeline/status.ts';
import { onQueue as batchQueue } from '#functions/manifest-batcher/handler.ts';
import { tableName } from '#schemas/table-definition.ts';
import { goldFieldMetrics, goldPlotIndex, silverBands, silverReflectance } from '#schemas/tables.ts';
import type { Lake } from '../../cli/open-lake.ts';
import { runFlow } from '../../cli/run-flow.ts';
import { contentsOf, type LakeContents, segmentedLake, tileCount, uploadCube } from './segmented-lake.ts';

// A cube of five segments through the real flow, and SIGKILL at every labelled step of its job and after the changes that
// its settler makes. All lakes lie in one folder, one after the other, so that their contents can be compared byte for byte.

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-sweep-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const folder = join(scratch, 'lake');
const tables = [silverReflectance, silverBands, goldPlotIndex, goldFieldMetrics];

/** By another process: to close a copy of a SQLite file gives up the locks that this process holds on it. */
function keep(name: string): void {
  execFileSync('cp', ['-a', folder, join(scratch, name)]);
}

/** Puts back what lay in the folder. */
function restore(name: string): void {
  rmSync(folder, { recursive: true, force: true });
  execFileSync('cp', ['-a', join(scratch, name), folder]);
}

async function orphansOf(lake: Lake): Promise<string[]> {
  const plans = tables.map((table) => planOrphanRemoval(lake, table, { minAgeMs: 0, isForced: true }));
  return (await Promise.all(plans)).flatMap(({ orphans }) => orphans.map(({ key }) => key));
}

async function settledContents(lake: Lake): Promise<LakeContents> {
  const report = await runFlow(lake);
  expect(report).toMatchObject({ failedCount: 0, poison: [], waiting: [], settlementFailures: [] });
  expect((await status(lake)).counts).toEqual({ complete: 2, failed: 0, running: 0, waiting: 0 });
  return contentsOf(lake);
}

let expected: LakeContents;
beforeAll(async () => {
  const uploaded = segmentedLake(folder);
  await uploadCube(uploaded);
  uploaded.close();
  keep('uploaded');
  const lake = segmentedLake(folder);
  expected = await settledContents(lake);
  lake.close();
  const silverFiles = expected.objects.filter((object) => /reflectance\/data\/.*\.parquet/.test(object));
  expect(silverFiles).toHaveLength(5);
  expect(expected.objects.filter((object) => object.includes('/reflectance/c/'))).toHaveLength(tileCount);
  expect(expected.rows[silverReflectance.name]!.length).toBeGreaterThan(5000);
  expect(expected.rows[goldPlotIndex.name]!.length).toBeGreaterThan(4);
});

const [first, middle, last] = [0, 5, tileCount - 1];
const tileLabels = ['calibrate', 'shard', 'tile'].flatMap((label) =>
  [first, middle, last].map((tile) => `${label}:${tile}`),
);

describe('a lake whose job is killed', () => {
  it.each(['read', 'references', ...tileLabels, 'stage', 'bronze metadata', 'outcome', 'outcome written'])(
    'at "%s" ends with the bytes, rows and tags of an undisturbed one, and without orphans',
    async (label) => {
      restore('uploaded');
      const lake = segmentedLake(folder, `${label}@1`);
      expect(await settledContents(lake)).toEqual(expected);
      expect(await orphansOf(lake)).toEqual([]);
      const { granules } = await status(lake);
      const jobs = await Promise.all(granules.map(({ manifestId }) => lake.runner.describe(`cubelake-${manifestId}`)));
      const attemptCounts = jobs.flatMap((job) => job!.children.map(({ attemptCount }) => attemptCount));
      expect(Math.max(...attemptCounts)).toBe(2);
      lake.close();
    },
  );
});

describe('a lake whose settler is killed', () => {
  const settle = (...parameters: string[]) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, 'settle-until-killed.ts'), folder, ...parameters]);
  let changes: string[];
  beforeAll(async () => {
    restore('uploaded');
    const lake = segmentedLake(folder);
    await batchQueue(lake, 'flush');
    await lake.runner.drain();
    lake.close();
    keep('processed');
    const { stdout } = await settle();
    changes = JSON.parse(stdout) as string[];
  });

  it('after any of its changes has the rows and tags of an undisturbed one after the next run', async () => {
    const commits = changes.flatMap((change, index) => (/metadata\.json|current/.test(change) ? [index + 1] : []));
    const tags = changes.flatMap((change, index) => (change.startsWith('raw.setTags') ? [index + 1] : []));
    expect(commits.length).toBeGreaterThanOrEqual(tables.length);
    expect(tags.length).toBeGreaterThanOrEqual(4);
    const ends = (numbers: number[]): number[] => [numbers[0]!, numbers[numbers.length >> 1]!, numbers.at(-1)!];
    // After the change before a commit is before the commit.
    const killedAfter = new Set([1, ...ends(commits).flatMap((at) => [at - 1, at]), ...ends(tags), changes.length - 1]);
    for (const changeNumber of [...killedAfter].filter((at) => at > 0).toSorted((a, b) => a - b)) {
      const where = `killed after change ${changeNumber}, ${changes[changeNumber - 1]}`;
      restore('processed');
      await expect(settle(String(changeNumber)), where).rejects.toMatchObject({ signal: 'SIGKILL' });
      const lake = segmentedLake(folder, null, true);
      expect(await settledContents(lake), where).toEqual(expected);
      await expectOrphansOfCommitsOnly(lake, where);
      lake.close();
    }
  });

  /** Files of a commit that never was lie beside the metadata until maintenance removes them; no data file does. */
  async function expectOrphansOfCommitsOnly(lake: Lake, where: string): Promise<void> {
    for (const table of tables) {
      const plan = await planOrphanRemoval(lake, table, { minAgeMs: 0, isForced: true });
      const dataKeys = plan.orphans.map(({ key }) => key).filter((key) => !key.includes('/metadata/'));
      // Derived rows are computed again by the next run, under names of its own.
      if (table !== goldFieldMetrics) expect(dataKeys, `${where}: ${tableName(table)}`).toEqual([]);
      await removeOrphans(lake, table, plan);
    }
    expect(await orphansOf(lake), where).toEqual([]);
    expect((await contentsOf(lake)).rows, where).toEqual(expected.rows);
  }
});
