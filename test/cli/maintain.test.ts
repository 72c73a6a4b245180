import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, runCubelake } from './run-cubelake.ts';
import { cropCounts, writeCube, writeReferences } from './small-field.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-maintain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let references: string[];
beforeAll(async () => {
  references = writeReferences(join(folder, 'references'));
  for (const name of ['one', 'two']) {
    const cube = writeCube(join(folder, name), name);
    await answerOf(folder, ['ingest', cube, ...references, '--farm', 'f1', '--date', '2026-07-01']);
  }
}, 60_000);

describe('maintain', () => {
  const count = 'SELECT count(*) AS rows, sum(line * 1000 + sample) AS places FROM silver.reflectance';
  const rows = async () => (JSON.parse(await answerOf(folder, ['sql', count, '--json'])) as { rows: unknown }).rows;

  it('says what it would do, merges the small files of a day, and changes no row', async () => {
    const before = await rows();
    const plan = JSON.parse(
      await answerOf(folder, ['maintain', 'silver.reflectance', '--compact', '--dry-run', '--json']),
    );
    expect(plan).toMatchObject([{ table: 'silver.reflectance', compaction: { replacedCount: 2, writtenCount: 1 } }]);
    expect(await answerOf(folder, ['maintain', '--compact'])).toContain('silver.reflectance\n  merge 2 files into 1');
    expect(await rows()).toEqual(before);
    const again = JSON.parse(await answerOf(folder, ['maintain', 'silver.reflectance', '--compact', '--json']));
    expect(again).toMatchObject([{ compaction: { replacedCount: 0, writtenCount: 0 } }]);
    expect(await answerOf(folder, ['snapshots', 'silver.reflectance'])).toContain('replace');
  }, 60_000);

  it('lets a corrected cube replace its rows in a file that it shares by now', async () => {
    const corrected = writeCube(join(folder, 'again'), 'one', { data: cropCounts(0.5) });
    const places =
      'SELECT cube_id, count(*), count(DISTINCT processing_id) FROM silver.reflectance GROUP BY 1 ORDER BY 1';
    const counts = async () =>
      (JSON.parse(await answerOf(folder, ['sql', places, '--json'])) as { rows: unknown }).rows;
    const processings = () =>
      answerOf(folder, ['sql', 'SELECT DISTINCT processing_id FROM silver.reflectance ORDER BY 1']);
    const [before, processingsBefore] = [await counts(), await processings()];
    await answerOf(folder, ['ingest', corrected, ...references, '--farm', 'f1', '--date', '2026-07-01']);
    expect(await counts()).toEqual(before);
    expect(await answerOf(folder, ['status'])).toMatch(/^2 complete, 0 failed, 0 running/);
    expect(await processings()).not.toEqual(processingsBefore);
  }, 60_000);

  it('finds nothing young enough to be in use to remove', async () => {
    const args = ['maintain', '--expire-older-than', '1d', '--remove-orphans', '--orphan-age', '1d', '--json'];
    const reports = JSON.parse(await answerOf(folder, args)) as {
      expiry: object;
      orphans: object;
      oldMetadata: object;
    }[];
    for (const { expiry, orphans, oldMetadata } of reports) {
      expect(expiry).toMatchObject({ snapshotIds: [], removedKeys: [] });
      expect([orphans, oldMetadata]).toMatchObject([{ keys: [] }, { keys: [] }]);
    }
    expect(reports.length).toBeGreaterThan(1);
  }, 60_000);

  it.concurrent.each<[string, readonly string[], number, RegExp]>([
    ['an age below a day', ['--expire-older-than', '1h'], 78, /an age of at least 1d/],
    ['an age without a unit', ['--expire-older-than', '30'], 78, /an age of at least 1d/],
    ['an unknown table', ['gold.nothing'], 78, /Expected one of silver\.reflectance/],
    ['an age of orphans alone', ['--orphan-age', '3d'], 78, /--remove-orphans/],
    ['a table that is not there yet', ['gold.recommendation'], 65, /Expected a table gold\.recommendation/],
    ['a lake that is not there', ['--lake', 'nowhere'], 78, /Expected a lake/],
  ])('refuses %s in one sentence', async (_what, args, exitCode, message) => {
    const result = await runCubelake(folder, ['maintain', ...args]);
    expect(result.messages).toEqual([expect.stringMatching(message)]);
    expect(result).toMatchObject({ exitCode, stdout: '' });
  });
});
