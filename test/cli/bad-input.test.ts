import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCubelake } from './run-cubelake.ts';
import { type CubeFile, flatCounts, writeCube, writeReferences, writeText } from './small-field.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake bad-input-'));
const refs = join(folder, 'references');
const unmadeLake = join(folder, 'never-made');
let references: string[];
let good: string;

beforeAll(() => {
  references = writeReferences(refs);
  good = writeCube(join(folder, 'good'), 'good');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cube(name: string, file: CubeFile = {}): string {
  return writeCube(join(folder, name), name, file);
}

function expectOneSentence({ exitCode, messages, stdout }: CommandResult, code: number, message: RegExp): void {
  expect(messages.join('\n')).toMatch(message);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toMatch(/^cubelake: \S/);
  expect(messages[0]).not.toMatch(/node:internal|\.ts:\d/);
  expect(stdout).toBe('');
  expect(exitCode).toBe(code);
}

type Call = () => readonly string[];
const ingest = (...args: string[]) => ['ingest', ...args, ...references, '--farm', 'f1', '--date', '2026-07-01'];
const lying = (name: string, value: string | null): Call => {
  return () => ingest(cube(`lie ${name} ${value}`, { header: { [name]: value } }));
};

/** What can be seen without doing the work is refused before a byte is written. */
const refused: [string, number, RegExp, Call][] = [
  [
    'data that end early',
    65,
    /Expected 960 bytes, got 500 .*short\.bil/,
    () => ingest(cube('short', { data: flatCounts(1).subarray(0, 500) })),
  ],
  [
    'a data file of no bytes',
    65,
    /Expected 960 bytes, got 0 .*zero\.bil/,
    () => ingest(cube('zero', { data: new Uint8Array(0) })),
  ],
  [
    'a header of no bytes',
    65,
    /got 2 files \(blank\.hdr: an empty file/,
    () => {
      const path = cube('blank');
      writeFileSync(path, '');
      return ingest(path);
    },
  ],
  ['an HDF5 file of no bytes', 65, /got an empty file .*none\.h5/, () => ingest(writeText(folder, 'none.h5', ''))],
  [
    'text under the name of HDF5',
    65,
    /got text that begins "hello"/,
    () => ingest(writeText(folder, 'text.h5', 'hello')),
  ],
  ['a file that is not there', 65, /found nothing at nowhere\.hdr/, () => ingest('nowhere.hdr')],
  ['more lines than bytes', 65, /Expected 1440 bytes, got 960/, lying('lines', '30')],
  ['as many lines as a sensor can have', 65, /Expected 192000000 bytes, got 960/, lying('lines', '4000000')],
  ['absurdly many lines', 65, /Expected 1 to 4000000 lines, got 99999999999/, lying('lines', '99999999999')],
  ['a negative number of bands', 65, /Expected a whole number as "bands", got "-3"/, lying('bands', '-3')],
  ['no samples', 65, /Expected 1 to 200000 samples, got 0/, lying('samples', '0')],
  ['half a line', 65, /Expected a whole number as "lines", got "2.5"/, lying('lines', '2.5')],
  ['a header without lines', 65, /Expected "lines" in the header, got none/, lying('lines', null)],
  ['an offset behind the end', 65, /Expected 1000000959 bytes, got 960/, lying('header offset', '999999999')],
  ['an unknown interleave', 65, /Expected interleave bsq, bil or bip, got "bxx"/, lying('interleave', 'bxx')],
  ['complex numbers', 65, /got 6 \(complex numbers\).*Convert/, lying('data type', '6')],
  [
    'a header without data',
    65,
    /Expected the data file of alone\.hdr, got none\. Put it beside/,
    () => {
      const path = cube('alone');
      rmSync(join(folder, 'alone/alone.bil'));
      return ingest(path);
    },
  ],
  [
    'data without header',
    65,
    /give its \.hdr file too/,
    () => {
      rmSync(cube('bare'));
      return ingest(join(folder, 'bare/bare.bil'));
    },
  ],
  [
    'an unknown EPSG code',
    65,
    /Expected EPSG .*got 999999\. Convert/,
    () => ingest(good, '--epsg', '999999', '--transform', '1,0,0,0,-1,0'),
  ],
  ['pixels without area', 78, /determinant 0/, () => ingest(good, '--epsg', '32632', '--transform', '0,0,1,0,0,1')],
  [
    'three numbers as transform',
    78,
    /Expected six numbers.*--transform/,
    () => ingest(good, '--epsg', '32632', '--transform', '-1,2,3'),
  ],
  ['a code without transform', 78, /--epsg and --transform together/, () => ingest(good, '--epsg', '32632')],
  ['a farm that climbs', 78, /as --farm, got "\.\.\/x"/, () => [...ingest(good), '--farm', '../x']],
  ['a region that climbs', 78, /as --region, got "\.\.\/\.\.\/r"/, () => ingest(good, '--region', '../../r')],
  ['a day that no month has', 78, /got "2026-02-30"/, () => [...ingest(good), '--date', '2026-02-30']],
  [
    'an unknown quantity',
    78,
    /Expected counts, radiance, reflectance as --quantity, got "light"/,
    () => [...ingest(good), '--quantity', 'light'],
  ],
  ['a panel above 1.5', 78, /as --panel, got "2"/, () => [...ingest(good), '--panel', '2']],
  ['a panel that is no file either', 78, /as --panel, got "absent"/, () => [...ingest(good), '--panel', 'absent']],
  [
    'a negative time',
    78,
    /Expected a number above 0.*--integration-time-ms, got "-1"/,
    () => ingest(good, '--integration-time-ms', '-1'),
  ],
  ['a fill value in words', 78, /--fill-value, got "none"/, () => ingest(good, '--fill-value', 'none')],
  ['a time in words', 78, /acquired_at/, () => ingest(good, '--acquired-at', 'noon')],
  [
    'wavelengths of other bands',
    65,
    /Expected 3 finite numbers as wavelengths_nm, .*got 2/,
    () => ingest(good, '--wavelengths', writeText(folder, 'two.txt', '670\n800\n')),
  ],
  [
    'wavelengths in words',
    65,
    /numbers only/,
    () => ingest(good, '--wavelengths', writeText(folder, 'words.txt', 'red\ngreen\nblue\n')),
  ],
  [
    'an unknown key in the sidecar',
    65,
    /Unrecognized key: "colour"/,
    () => ingest(good, '--capture', writeText(folder, 'colour.json', '{"colour": 1}')),
  ],
  [
    'a sidecar that is no JSON',
    65,
    /text that is not JSON/,
    () => ingest(good, '--capture', writeText(folder, 'no.json', 'dark: none')),
  ],
  ['a folder as plots', 78, /Expected a file, got a folder/, () => ingest(good, '--plots', folder)],
  ['an option without value', 78, /Expected a value after --farm/, () => [...ingest(good), '--farm']],
  ['an unknown option', 78, /Unknown option '--colour'/, () => ingest(good, '--colour', 'x')],
  ['no farm', 78, /Expected --farm/, () => ['ingest', good, '--date', '2026-07-01']],
  ['no date', 65, /Give --date yyyy-mm-dd/, () => ['ingest', good, '--farm', 'f1']],
  ['nothing to ingest', 78, /Expected cube files, a folder, --plots or --yields/, () => ['ingest', '--farm', 'f1']],
  ['a folder without keys', 65, /Expected files at raw_cubes/, () => ['ingest', refs]],
  ['an unknown command', 78, /Did you mean ingest or inspect\?/, () => ['ingset', good]],
  ['status of no lake', 78, /Expected a lake, got none/, () => ['status']],
  ['SQL on no lake', 78, /Expected a lake, got none/, () => ['sql', 'SELECT 1']],
  ['reprocessing without saying what', 78, /--cube ID or --all/, () => ['reprocess']],
];

describe.concurrent('input that cannot work is refused in one sentence, before anything is written', () => {
  it.each(refused)('%s', async (_, code, message, call) => {
    expectOneSentence(await runCubelake(folder, [...call(), '--lake', unmadeLake]), code, message);
    expect(existsSync(unmadeLake)).toBe(false);
  });
});

const broken: [string, RegExp, Call][] = [
  ['short data', /Expected 960 bytes, got 500/, () => [cube('short 2', { data: flatCounts(1).subarray(0, 500) })]],
  [
    'references of another width',
    /Expected references of 3 bands x 6 samples.*got 3 x 8/,
    () => [cube('wide', { header: { samples: '6' }, data: flatCounts(500, 20, 6) }), ...references],
  ],
  [
    'exchanged references',
    /not exchanged/,
    () => [good, '--dark', join(refs, 'white.hdr'), '--white', join(refs, 'dark.hdr')],
  ],
  [
    'nothing but NaN',
    /got none\. The cube holds only fill values or NaN/,
    () => {
      const data = new Uint8Array(new Float32Array(480).fill(Number.NaN).buffer);
      return [cube('nan', { header: { 'data type': '4' }, data }), '--quantity', 'reflectance'];
    },
  ],
  ['values of unknown meaning', /unknown meaning without references.*--dark FILE and --white FILE/, () => [good]],
  ['integers without scale', /--scale-factor, e\.g\. 0\.0001/, () => [good, '--quantity', 'reflectance']],
];

describe.concurrent('calibrate leaves nothing behind', () => {
  it.each(broken)('of %s', async (name, message, call) => {
    const parent = join(folder, `out of ${name}`);
    const out = join(parent, 'x.zarr');
    mkdirSync(parent);
    expectOneSentence(await runCubelake(folder, ['calibrate', ...call(), '--out', out]), 65, message);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('and takes no folder that is there', async () => {
    const result = await runCubelake(folder, ['calibrate', good, ...references, '--out', refs]);
    expectOneSentence(result, 78, /--force/);
    expect(existsSync(join(refs, 'dark.hdr'))).toBe(true);
  });
});

describe.concurrent('inspect', () => {
  it('says in warnings what a header gets wrong but calibration does not need', async () => {
    const path = cube('odd', { header: { bbl: '{1}', 'band names': '{a, b}' } });
    const { exitCode, stdout } = await runCubelake(folder, ['inspect', path]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/warning: .*bbl/);
    expect(stdout).toMatch(/warning: .*band names/);
  });

  it('prints control characters of a header as blanks', async () => {
    const path = cube('steering', { header: { 'sensor type': 'a\u001b[2Jb' } });
    expect((await runCubelake(folder, ['inspect', path])).stdout).not.toContain('\u001b');
  });
});
