import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, runCubelake } from './run-cubelake.ts';
import { flatCounts, plotText, writeCube, writeReferences, writeText } from './small-field.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake terminal ä-'));
const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let ingest: string[];
let calibrate: string[];

beforeAll(() => {
  const references = writeReferences(join(folder, 'references'));
  const plots = writeText(folder, 'plots.geojson', plotText());
  const cubes = ['a', 'b'].map((name) => writeCube(join(folder, name), name));
  ingest = ['ingest', ...cubes, ...references, '--plots', plots, '--farm', 'f1', '--date', '2026-07-01'];
  // 40 tiles of 64 lines: long enough to be stopped in the middle.
  const tall = writeCube(folder, 'tall', { header: { lines: '2560' }, data: flatCounts(1100, 2560) });
  calibrate = ['calibrate', tall, ...references];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Presses Ctrl-C as soon as the first progress is told: the whole process group gets the signal, as from a terminal. */
function interrupted(args: readonly string[]): Promise<{ exitCode: number | null; signal: string | null }> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.once('data', () => process.kill(-child.pid!, 'SIGINT'));
  child.stderr.resume();
  return new Promise((resolve) => child.on('close', (exitCode, signal) => resolve({ exitCode, signal })));
}

async function rowsOf(sql: string, lake: string): Promise<unknown[][]> {
  return (JSON.parse(await answerOf(folder, ['sql', sql, '--json', '--lake', lake])) as { rows: unknown[][] }).rows;
}

const pixels = 'SELECT cube_id, count(*)::INT FROM silver.reflectance GROUP BY ALL ORDER BY ALL';
const plots = 'SELECT cube_id, count(DISTINCT plot_id)::INT FROM gold.plot_index GROUP BY ALL ORDER BY ALL';

describe('a lake whose path has blanks and umlauts', () => {
  it('is the same after an ingest that was stopped and one that was not', async () => {
    const lake = join(folder, 'stopped lake ü');
    expect(await interrupted([...ingest, '--lake', lake])).toEqual({ exitCode: null, signal: 'SIGINT' });
    const report = JSON.parse(await answerOf(folder, [...ingest, '--lake', lake, '--json'])) as Record<string, unknown>;
    expect(report).toMatchObject({ completeCount: 3, failed: [], waiting: [], running: [] });
    expect(await rowsOf(pixels, lake)).toEqual([
      ['a', 160],
      ['b', 160],
    ]);
    expect(await rowsOf(plots, lake)).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });

  it('takes two ingests of the same cubes at the same time once', async () => {
    const lake = join(folder, 'shared lake ü');
    const [one, other] = await Promise.all([1, 2].map(() => runCubelake(folder, [...ingest, '--lake', lake])));
    expect([one!.exitCode, one!.messages, other!.exitCode, other!.messages]).toEqual([0, [], 0, []]);
    const report = JSON.parse(await answerOf(folder, ['status', '--lake', lake, '--json'])) as Record<string, unknown>;
    expect(report).toMatchObject({ counts: { complete: 3, failed: 0, running: 0, waiting: 0 } });
    expect(await rowsOf(pixels, lake)).toEqual([
      ['a', 160],
      ['b', 160],
    ]);
    expect(await rowsOf(plots, lake)).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });
});

describe('a bad cube among good ones', () => {
  it('fails alone, is told by status, and completes once it is put right', async () => {
    const lake = join(folder, 'third lake ü');
    const bad = writeCube(join(folder, 'c'), 'c', { data: flatCounts(1100).subarray(0, 500) });
    const call = ['ingest', bad, ...ingest.slice(1), '--lake', lake];
    const first = await runCubelake(folder, call);
    expect(first.messages).toEqual([expect.stringMatching(/\/c: Expected 960 bytes, got 500/)]);
    expect(first.exitCode).toBe(65);
    expect(await answerOf(folder, ['status', '--lake', lake])).toMatch(
      /^3 complete, 1 failed,.*\n\nfailed: \S+\/c: .*got 500/,
    );
    expect(await rowsOf(pixels, lake)).toEqual([
      ['a', 160],
      ['b', 160],
    ]);
    writeCube(join(folder, 'c'), 'c');
    await answerOf(folder, call);
    expect(await rowsOf(pixels, lake)).toEqual([
      ['a', 160],
      ['b', 160],
      ['c', 160],
    ]);
    expect(await answerOf(folder, ['status', '--lake', lake])).toMatch(/^4 complete, 0 failed, 0 running, 0 waiting/);
  });
});

describe.concurrent('calibrate', () => {
  it('leaves nothing when it is stopped', async () => {
    const parent = join(folder, 'stopped');
    expect(await interrupted([...calibrate, '--out', join(parent, 'x.zarr')])).toEqual({ exitCode: 130, signal: null });
    expect(readdirSync(parent)).toEqual([]);
  });

  it('replaces a Zarr folder when forced, and never another one', async () => {
    const out = join(folder, 'twice.zarr');
    await answerOf(folder, [...calibrate, '--out', out]);
    await answerOf(folder, [...calibrate, '--out', out, '--force']);
    const refused = await runCubelake(folder, [...calibrate, '--out', join(folder, 'a'), '--force']);
    expect(refused.messages).toEqual([expect.stringMatching(/Expected a Zarr folder to replace/)]);
    expect(refused.exitCode).toBe(78);
    expect(readdirSync(join(folder, 'a')).toSorted()).toEqual(['a.bil', 'a.hdr']);
  });
});

describe.concurrent('the command line', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await answerOf(folder, ['--version'])).toBe(`${version}\n`);
  });

  it('takes "help NAME" for "NAME --help"', async () => {
    expect(await answerOf(folder, ['help', 'catalog', 'serve'])).toBe(
      await answerOf(folder, ['catalog', 'serve', '--help']),
    );
  });

  it('takes a negative number for the value of the option before it', async () => {
    const out = JSON.parse(
      await answerOf(folder, ['inspect', join(folder, 'a/a.hdr'), '--fill-value', '-9999', '--json']),
    ) as unknown;
    expect(out).toMatchObject({ fillValue: -9999 });
  });

  it.each([
    ['options before the command', ['--lake', 'x', 'status'], /Expected the command before its options, got "--lake"/],
    ['arguments that a command has no use for', ['status', 'all'], /Expected no further argument, got "all"/],
    ['two cubes to calibrate', ['calibrate', 'a/a.hdr', 'b/b.hdr', '--out', 'x'], /Expected one cube, got 2/],
    [
      'a lake in a file',
      ['ingest', 'a/a.hdr', '--farm', 'f1', '--date', '2026-07-01', '--lake', 'file'],
      /got EEXIST .*file/,
    ],
    [
      'a result below a file',
      ['calibrate', 'a/a.hdr', '--quantity', 'reflectance', '--scale-factor', '1', '--out', 'file/x'],
      /got ENOTDIR/,
    ],
  ])('refuses %s', async (_, args, message) => {
    writeFileSync(join(folder, 'file'), '');
    const { exitCode, messages, stdout } = await runCubelake(folder, args);
    expect(messages).toEqual([expect.stringMatching(message)]);
    expect([exitCode, stdout]).toEqual([78, '']);
  });
});
