import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, type CommandResult, runCubelake } from './run-cubelake.ts';
import { type CubeFile, cropCounts, flatCounts, headerText, type PlotFile, plotText } from './small-field.ts';

/** One folder laid out by raw keys: a good cube among cubes that each fail in their own way, ingested in one call. */
const folder = mkdtempSync(join(tmpdir(), 'cubelake failed cubes ü-'));
const field = join(folder, 'field');
const lake = join(folder, 'the lake');
const day = 'eu/farm-a/2026/07/01';

function put(key: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(field, key)), { recursive: true });
  writeFileSync(join(field, key), content);
}

function putPlots(id: string, file: PlotFile | string): string {
  const key = `plot_sets/${day}/${id}.geojson`;
  put(key, typeof file === 'string' ? file : plotText(file));
  return key;
}

const panel = { white: { key: `reference_cubes/${day}/white.hdr`, panel: 0.5 } };
const measured = { quantity: 'counts', dark: { key: `reference_cubes/${day}/dark.hdr` }, ...panel };

function putCube(id: string, capture: unknown, { header = {}, data = cropCounts() }: CubeFile = {}): void {
  put(`raw_cubes/${day}/${id}.hdr`, headerText(header));
  put(`raw_cubes/${day}/${id}.bil`, data);
  put(`raw_cubes/${day}/${id}.capture.json`, JSON.stringify(capture));
}

const nanData = new Uint8Array(new Float32Array(480).fill(Number.NaN).buffer);
const point =
  '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"plot_id":"a"},"geometry":{"type":"Point","coordinates":[1,2]}}]}';

/** What is wrong with each cube, and what its report must say. */
const badCubes: [string, RegExp, () => void][] = [
  [
    'short',
    /Expected 960 bytes, got 500 .*short\.bil/,
    () => putCube('short', measured, { data: cropCounts().subarray(0, 500) }),
  ],
  ['lying', /Expected \d+ bytes, got 960/, () => putCube('lying', measured, { header: { lines: '4000000' } })],
  ['complex', /complex numbers/, () => putCube('complex', measured, { header: { 'data type': '6' } })],
  [
    'wide',
    /Expected references of 3 bands x 6 samples like the cube, got 3 x 8/,
    () => putCube('wide', measured, { header: { samples: '6' }, data: flatCounts(500, 20, 6) }),
  ],
  [
    'nameless-bands',
    /Expected the wavelength of each band, got none.*--wavelengths FILE/,
    () => putCube('nameless-bands', measured, { header: { wavelength: null } }),
  ],
  [
    'empty',
    /The cube holds only fill values or NaN/,
    () => putCube('empty', { quantity: 'reflectance' }, { header: { 'data type': '4' }, data: nanData }),
  ],
  ['radiance', /got radiance without references.*atmospheric/, () => putCube('radiance', { quantity: 'radiance' })],
  ['counts', /got counts without references.*--dark FILE/, () => putCube('counts', { quantity: 'counts' })],
  ['unscaled', /--scale-factor/, () => putCube('unscaled', { quantity: 'reflectance' })],
  [
    'far',
    /Expected plots inside the cube, got none: the cube covers x 600000\.\.600008/,
    () => putCube('far', { ...measured, plots: putPlots('far-plots', { shiftM: 5000 }) }),
  ],
  [
    'odd-system',
    /got 999999\. Convert .*odd-plots\.geojson/,
    () => putCube('odd-system', { ...measured, plots: putPlots('odd-plots', { crs: 'EPSG:999999' }) }),
  ],
  [
    'in-rome',
    /Expected a georeference .*"Gauss-Boaga, Rome" of map info is not known/,
    () =>
      putCube(
        'in-rome',
        { ...measured, plots: putPlots('plots', {}) },
        { header: { 'map info': '{Gauss-Boaga, 1, 1, 0, 0, 1, 1, Rome}' } },
      ),
  ],
  [
    'in-metres',
    /Expected longitudes and latitudes in degrees, got 600001/,
    () => putCube('in-metres', { ...measured, plots: putPlots('metre-plots', { crs: null }) }),
  ],
  [
    'points',
    /Expected a Polygon or MultiPolygon, got Point/,
    () => putCube('points', { ...measured, plots: putPlots('point-plots', point) }),
  ],
  [
    'adrift',
    /Expected a georeference to place the plots.*--epsg CODE/,
    () => putCube('adrift', { ...measured, plots: putPlots('plots', {}) }, { header: { 'map info': null } }),
  ],
  [
    'climbing',
    /Expected a raw key as dark in the capture sidecar, got "\.\.\/\.\.\/etc\/passwd"/,
    () => putCube('climbing', { ...measured, dark: { key: '../../etc/passwd' } }),
  ],
  [
    'absent',
    /found nothing at plot_sets\/.*Upload it/,
    () => putCube('absent', { ...measured, plots: `plot_sets/${day}/absent.geojson` }),
  ],
  ['sidecar', /Expected a capture sidecar: quantity/, () => putCube('sidecar', { quantity: 'light' })],
];

interface Status {
  readonly counts: Record<string, number>;
  readonly granules: { granuleKey: string; status: string; reason: string | null }[];
}

const onLake = (...args: string[]) => answerOf(folder, [...args, '--lake', lake]);
const statusNow = async () => JSON.parse(await onLake('status', '--json')) as Status;
const rowsOf = async (sql: string) => (JSON.parse(await onLake('sql', sql, '--json')) as { rows: unknown[][] }).rows;
const pixels =
  'SELECT cube_id, count(*)::INT, round(avg(r0800), 4) FROM silver.reflectance GROUP BY ALL ORDER BY cube_id';
const plotRows = 'SELECT cube_id, count(DISTINCT plot_id)::INT FROM gold.plot_index GROUP BY ALL ORDER BY cube_id';

let first: CommandResult;

beforeAll(async () => {
  for (const [name, count] of [
    ['dark', 100],
    ['white', 2100],
  ] as const) {
    put(`reference_cubes/${day}/${name}.hdr`, headerText({ lines: '4' }));
    put(`reference_cubes/${day}/${name}.bil`, flatCounts(count, 4));
  }
  putCube('good', { ...measured, plots: putPlots('plots', {}) });
  put(`yields/${day}/wrong-columns.csv`, 'plot_id,yield\np1,3\n');
  put(`yields/${day}/no-rows.csv`, 'plot_id,trait,value\n');
  for (const [, , write] of badCubes) write();
  first = await runCubelake(folder, ['ingest', field, '--lake', lake]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('one ingest of a good cube among broken ones', () => {
  it('fails with the code for bad data, one sentence for each granule and no stack', () => {
    expect(first.exitCode).toBe(65);
    for (const [id] of badCubes) {
      expect(first.messages.filter((line) => line.includes(`/${id}: Expected `))).toHaveLength(1);
    }
    for (const line of first.messages) expect(line).toMatch(/^cubelake: (raw_cubes|plot_sets|yields)\/\S+: Expected /);
    expect(first.stdout).toMatch(/2 granules complete|3 granules complete/);
  });

  it.each(badCubes)('%s is failed in status with its reason', async (id, reason) => {
    const granule = (await firstStatus()).granules.find(({ granuleKey }) => granuleKey === `raw_cubes/${day}/${id}`);
    expect(granule).toMatchObject({ status: 'failed' });
    expect(granule!.reason).toMatch(reason);
    expect(granule!.reason).not.toMatch(/\n|\.ts:/);
  });

  it.each([
    ['wrong-columns', /Expected the columns plot_id, trait and value, got plot_id, yield/],
    ['no-rows', /Expected at least one value, got only the header/],
  ])('yields with %s are failed too', async (id, reason) => {
    const granule = (await firstStatus()).granules.find(({ granuleKey }) => granuleKey.endsWith(`/${id}`));
    expect(granule).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason) });
  });

  it('shows rows of the good cube alone, and no bronze that claims to be whole', async () => {
    expect(await rowsOf(pixels)).toEqual([['good', 160, 0.5]]);
    expect(await rowsOf(plotRows)).toEqual([['good', 2]]);
    for (const [id] of badCubes) {
      const bronze = join(lake, 'warehouse/bronze', day, id);
      const groups = existsSync(bronze) ? readdirSync(bronze) : [];
      for (const group of groups) expect(existsSync(join(bronze, group, 'zarr.json'))).toBe(false);
    }
  });
});

describe('after the files are put right, the same ingest', () => {
  it('completes what was corrected, doubles nothing, and fails the rest as before', async () => {
    putCube('short', measured);
    putPlots('far-plots', {});
    putCube('counts', measured);
    const again = await runCubelake(folder, ['ingest', field, '--lake', lake]);
    expect(again.exitCode).toBe(65);
    expect(await rowsOf(pixels)).toEqual(['counts', 'far', 'good', 'short'].map((id) => [id, 160, 0.5]));
    expect(await rowsOf(plotRows)).toEqual([
      ['far', 2],
      ['good', 2],
    ]);
    expect((await statusNow()).counts).toMatchObject({ running: 0, waiting: 0 });
  });

  it('takes a good cube again whose white reference was replaced, and no other', async () => {
    put(`reference_cubes/${day}/white-2.hdr`, headerText({ lines: '4' }));
    put(`reference_cubes/${day}/white-2.bil`, flatCounts(4100, 4));
    for (const part of ['hdr', 'bil']) {
      copyFileSync(
        join(field, `reference_cubes/${day}/white-2.${part}`),
        join(field, `reference_cubes/${day}/white.${part}`),
      );
    }
    await runCubelake(folder, ['ingest', field, '--lake', lake]);
    // Twice the panel signal over the dark: half the reflectance.
    expect(await rowsOf(pixels)).toEqual(['counts', 'far', 'good', 'short'].map((id) => [id, 160, 0.25]));
  });
});

describe('SQL on the lake', () => {
  it.each([
    ['a syntax error', 'SELEC 1', /syntax error at or near "SELEC"/],
    [
      'an unknown table of a schema',
      'SELECT * FROM silver.nope',
      /Expected a table of the lake, got silver\.nope\. Tables: /,
    ],
    ['an unknown table', 'SELECT * FROM nope', /Expected a table of the lake with its schema.*got "nope"/],
    ['an unknown column', 'SELECT nope FROM silver.reflectance', /"nope" not found/],
    ['a file of the machine', "SELECT * FROM read_text('/etc/passwd')", /reaches outside/],
    ['a file named as a table', "SELECT * FROM '/etc/passwd'", /Expected a table of the lake/],
    ['a copy to a file', "COPY (SELECT 1) TO '/tmp/x.csv'", /Expected a SELECT statement/],
    ['a change', 'DROP TABLE silver.reflectance', /Expected a SELECT statement/],
    ['two statements', 'SELECT 1; SELECT 2', /Expected one SQL statement, got 2/],
    ['nothing', '', /Expected one SQL statement, got 0/],
  ])('refuses %s in one sentence', async (_, sql, message) => {
    const { exitCode, messages, stdout } = await runCubelake(folder, ['sql', sql, '--lake', lake]);
    expect(messages).toEqual([expect.stringMatching(message)]);
    expect([exitCode, stdout]).toEqual([78, '']);
  });
});

describe('recommend', () => {
  it.each([
    ['a trial that climbs', ['--trial', '../x'], 65, /Expected plots of trial \.\.\/x, found none/],
    ['a rule that is not there', ['--rule', 'absent.json'], 78, /found nothing at absent\.json/],
    ['a rule that is no JSON', ['--rule', 'text.json'], 78, /Expected a rule file in JSON/],
    ['a rule without fields', ['--rule', 'empty.json'], 78, /Expected a breeding rule.*empty\.json/],
  ])('refuses %s', async (_, args, code, message) => {
    writeFileSync(join(folder, 'text.json'), 'yield > 3');
    writeFileSync(join(folder, 'empty.json'), '{}');
    const { exitCode, messages, stdout } = await runCubelake(folder, ['recommend', ...args, '--lake', lake]);
    expect(messages[0]).toMatch(message);
    expect(messages.join()).not.toMatch(/node:internal|\.ts:\d/);
    expect([exitCode, stdout]).toEqual([code, '']);
  });
});

let remembered: Promise<Status> | null = null;
/** As it was after the first ingest: asked once, before anything is corrected. */
function firstStatus(): Promise<Status> {
  remembered ??= statusNow();
  return remembered;
}
