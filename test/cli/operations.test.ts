import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, runCubelake } from './run-cubelake.ts';
import { writeCube, writeReferences } from './small-field.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake operations-'));
const lake = join(folder, 'lake');
const cubeKey = 'raw_cubes/local/f1/2026/07/01/one';
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  const references = writeReferences(join(folder, 'references'));
  const cube = writeCube(join(folder, 'cube'), 'one');
  await answerOf(folder, ['ingest', cube, ...references, '--farm', 'f1', '--date', '2026-07-01']);
});

const json = async (...args: string[]): Promise<unknown> => JSON.parse(await answerOf(folder, [...args, '--json']));

describe('operating a lake in a folder', () => {
  it('replays nothing that is complete', async () => {
    expect(await json('replay', '--prefix', 'raw_cubes/', '--since', '1h')).toMatchObject({
      sentKeys: [],
      redrivenKeys: [],
      unchanged: { complete: [cubeKey] },
    });
    expect(await json('replay', '--prefix', 'raw_cubes/', '--since', '2999-01-01')).toMatchObject({
      unchanged: { complete: [] },
    });
  });

  it('makes complete cubes again only when that is asked for, by the machinery of reprocessing', async () => {
    const dry = await json('replay', '--prefix', 'raw_cubes/local/f1', '--since', '1d', '--again', '--dry-run');
    expect(dry).toMatchObject({ replacement: { state: 'open' }, costs: [{ granuleKey: cubeKey }] });
    expect(await json('reprocess', '--prefix', 'raw_cubes/local/f1', '--dry-run')).toEqual(dry);
    expect(await json('reprocess', '--list')).toEqual([]);
  });

  it('has nothing to restore: a folder has no archive', async () => {
    const report = await json('restore', '--granules', cubeKey, '--yes', '--watch');
    expect(report).toMatchObject({ counts: { archived: 0, restoring: 0, restored: 0 }, askedCount: 0, estimates: [] });
    expect((report as { objects: { key: string }[] }).objects.map(({ key }) => key)).toEqual([
      `${cubeKey}.bil`,
      `${cubeKey}.capture.json`,
      `${cubeKey}.hdr`,
    ]);
  });

  it('says in its status what is stuck and what to do', async () => {
    expect(await json('status')).toMatchObject({ counts: { complete: 1 }, stuck: [], lateJobs: [] });
    const text = await answerOf(folder, ['status', '--reconcile']);
    expect(text).toContain('1 complete, 0 failed, 0 running, 0 waiting');
    expect(text).toContain('0 granules were lost and are sent again');
  });
});

/** Wrong input: one sentence, nothing on standard output, and the exit code that says whose fault it is. */
const refused: [string, number, RegExp, string[]][] = [
  ['a replay of no time', 78, /Expected --since/, ['replay', '--prefix', '']],
  [
    'a replay of a time that is none',
    78,
    /Expected a time as .*got "soon"/,
    ['replay', '--prefix', 'x', '--since', 'soon'],
  ],
  ['a replay of a day that is none', 78, /got "2026-13-01"/, ['replay', '--prefix', 'x', '--since', '2026-13-01']],
  ['a replay without a prefix', 78, /Expected --prefix/, ['replay', '--since', '1h']],
  ['a restore of nothing', 78, /Expected one of --granules KEY.*got none/, ['restore']],
  ['a restore of two selections', 78, /got several/, ['restore', '--prefix', 'a', '--calibration', '0123abcd']],
  [
    'a restore in no tier',
    78,
    /Expected bulk, standard or expedited.*got "soon"/,
    ['restore', '--prefix', 'a', '--tier', 'soon'],
  ],
  ['a restore for no days', 78, /Expected a whole number from 1 to 365/, ['restore', '--prefix', 'a', '--days', '0']],
  [
    'a restore of objects that are not there',
    65,
    /Expected raw objects .*found none/,
    ['restore', '--prefix', 'nowhere/'],
  ],
  ['a restore of a calibration id that is none', 78, /hexadecimal/, ['restore', '--calibration', 'zz']],
  ['a lake of another cloud', 78, /Expected a folder or s3:/, ['status', '--lake', 'gs://bucket/lake']],
  [
    'a deployed lake without its variables',
    78,
    /environment variable CUBELAKE_RAW_URI/,
    ['status', '--lake', 's3://bucket/lake'],
  ],
  [
    'a deployed lake for a command that works on files',
    78,
    /this command works on a folder/,
    ['catalog', 'serve', '--lake', 's3://bucket/lake'],
  ],
  ['a bucket that can be none', 78, /Expected a bucket name/, ['sql', 'SELECT 1', '--lake', 's3://B/lake']],
];

describe('wrong input of an operator', () => {
  it.each(refused)('%s is refused in one sentence', async (_, code, message, args) => {
    const { exitCode, stdout, messages } = await runCubelake(folder, args);
    expect(messages.join('\n')).toMatch(message);
    expect(messages).toHaveLength(1);
    expect([exitCode, stdout]).toEqual([code, '']);
  });

  it('makes no lake', async () => {
    const { exitCode } = await runCubelake(folder, ['replay', '--prefix', '', '--since', '1h', '--lake', 'never']);
    expect(exitCode).toBe(78);
    expect(existsSync(join(folder, 'never'))).toBe(false);
    expect(existsSync(lake)).toBe(true);
  });
});
