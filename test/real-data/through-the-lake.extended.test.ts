import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answerOf, runCubelake } from '../cli/run-cubelake.ts';
import { dataFolder, describeData } from './data-folder.ts';

const date = ['--date', '2026-07-01'];

interface Lake {
  readonly ingest: (...args: string[]) => ReturnType<typeof runCubelake>;
  readonly rows: (sql: string) => Promise<unknown[][]>;
}

function lakeIn(scratch: string): Lake {
  const lake = ['--lake', join(scratch, 'lake')];
  return {
    ingest: (...args) => runCubelake(scratch, ['ingest', ...args, '--farm', 'f1', ...lake]),
    rows: async (sql) =>
      (JSON.parse(await answerOf(scratch, ['sql', sql, '--json', ...lake])) as { rows: unknown[][] }).rows,
  };
}

function float32(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** A GeoJSON file with one plot from corner to corner. */
function writePlot(path: string, epsg: number, [x0, y0, x1, y1]: readonly [number, number, number, number]): string {
  const ring = [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
    [x0, y0],
  ];
  const feature = {
    type: 'Feature',
    properties: { plot_id: 'plot-611' },
    geometry: { type: 'Polygon', coordinates: [ring] },
  };
  const crs = { type: 'name', properties: { name: `EPSG:${epsg}` } };
  writeFileSync(path, JSON.stringify({ type: 'FeatureCollection', crs, features: [feature] }));
  return path;
}

function expectAsksFor(result: Awaited<ReturnType<typeof runCubelake>>, message: RegExp): void {
  expect(result.messages).toEqual([expect.stringMatching(message)]);
  expect(result.exitCode).toBe(65);
}

describeData('a Pika II cube over a field plot', 'resonon-hsprocess', (data, scratch) => {
  const { ingest, rows } = lakeIn(scratch);
  const name =
    'Wells_rep2_20180628_16h56m_test_pika_gige_7-Convert Radiance Cube to Reflectance from Measured Reference Spectrum.bip';
  const spectrum = 'Wells_rep2_20180628_16h56m_pika_gige_7_plot_611-cube-to-spec-mean.spec';

  it('lacks a date, which the error names', async () => {
    expectAsksFor(await ingest(join(data, `${name}.hdr`)), /Expected an acquisition date, got none .*Give --date/);
  });

  it('gives the NDVI of its plot as computed from its own numbers', async () => {
    // Upper left corner 441371.007, 4855941.7318; 3 x 3 pixels of 0.04 m.
    const plot = writePlot(join(scratch, 'plot.geojson'), 32615, [441_371, 4_855_941.6, 441_371.2, 4_855_941.8]);
    const { messages, exitCode } = await ingest(join(data, name), '--plots', plot, ...date);
    expect([exitCode, messages]).toEqual([0, []]);
    const values = float32(join(data, name));
    // Bands start at 394.6 nm, 2.0528 nm apart: 134 is 669.68 nm and 197 is 799.00 nm.
    const ndvi = Array.from({ length: 9 }, (_, pixel) => {
      const [red, nir] = [values[pixel * 240 + 134]!, values[pixel * 240 + 197]!];
      return (nir - red) / (nir + red);
    });
    const mean = ndvi.reduce((sum, value) => sum + value, 0) / 9;
    const [row] = await rows(
      "SELECT plot_id, pixel_count::INT, valid_count::INT, mean FROM gold.plot_index WHERE spectral_index = 'ndvi'",
    );
    expect(row!.slice(0, 3)).toEqual(['plot-611', 9, 9]);
    // Reflectance near 0.04 is stored in steps of 0.0001, so NDVI is good to about 0.001.
    expect(row![3]).toBeCloseTo(mean, 3);
    const [corner] = await rows('SELECT min(x), max(y) FROM silver.reflectance');
    expect(corner![0]).toBeCloseTo(441_371.02707, 4);
    expect(corner![1]).toBeCloseTo(4_855_941.71177, 4);
  });

  it('and the mean spectrum of the whole plot passes band by band', async () => {
    const { messages, exitCode } = await ingest(join(data, spectrum), '--date', '2026-07-02');
    expect([exitCode, messages]).toEqual([0, []]);
    const values = float32(join(data, spectrum));
    const bands = await rows(
      "SELECT band::INT, column_name FROM silver.bands WHERE acquisition_date = '2026-07-02' ORDER BY band",
    );
    expect(bands).toHaveLength(240);
    const columns = bands.map(([, column]) => column).join(', ');
    const [row] = await rows(`SELECT ${columns} FROM silver.reflectance WHERE acquisition_date = '2026-07-02'`);
    for (const [at, value] of row!.entries()) expect(value).toBeCloseTo(values[at]!, 4);
  });
});

describeData('a FENIX cube with scale 65535 and fill value 0', 'napari-hippo', (data, scratch) => {
  const { ingest, rows } = lakeIn(scratch);

  it('becomes the reflectance that its header states, without pixels of fill', async () => {
    const { messages, exitCode } = await ingest(join(data, 'image.hdr'));
    expect([exitCode, messages]).toEqual([0, []]);
    const bytes = readFileSync(join(data, 'image.dat'));
    const stored = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const planeCount = 38 * 23;
    for (const band of [0, 100, 449]) {
      let sum = 0;
      let valueCount = 0;
      for (const value of stored.subarray(band * planeCount, (band + 1) * planeCount)) {
        if (value === 0) continue;
        sum += value / 65_535;
        valueCount++;
      }
      const [[column]] = (await rows(`SELECT column_name FROM silver.bands WHERE band = ${band}`)) as [[string]];
      const [answer] = await rows(
        `SELECT count(${column})::INT, avg(${column}), min(acquisition_date)::TEXT FROM silver.reflectance`,
      );
      expect(answer![0]).toBe(valueCount);
      // A mean of some 874 roundings of at most 0.00005.
      expect(answer![1]).toBeCloseTo(sum / valueCount, 5);
      expect(answer![2]).toBe('2022-03-22');
    }
  });

  it('without a georeference takes no plots, and says how to give one', async () => {
    const plot = writePlot(join(scratch, 'plot.geojson'), 32632, [0, 0, 9, 9]);
    expectAsksFor(await ingest(join(data, 'image.hdr'), '--plots', plot), /Expected a georeference .*--epsg CODE/);
    const place = ['--epsg', '32632', '--transform', '1,0,0,0,-1,38'];
    const { messages, exitCode } = await ingest(join(data, 'image.hdr'), '--plots', plot, ...place);
    expect([exitCode, messages]).toEqual([0, []]);
    expect(await rows("SELECT pixel_count::INT FROM gold.plot_index WHERE spectral_index = 'ndvi'")).toEqual([[81]]);
  });
});

describeData('radiance of AVIRIS-3 and PRISM', 'isofit-av3-prism', (data, scratch) => {
  const { ingest, rows } = lakeIn(scratch);

  it.each(['AV320250308t200738_rdn.hdr', 'prm20231110t071521_rdn_two_px'])(
    '%s is not taken for reflectance',
    async (name) => {
      expectAsksFor(
        await ingest(join(data, name), ...date),
        /unknown meaning without references.*--dark FILE and --white FILE/,
      );
      expectAsksFor(
        await ingest(join(data, name), ...date, '--quantity', 'radiance'),
        /got radiance without references.*atmospheric model/,
      );
    },
  );

  it('leaves no rows', async () => {
    await expect(rows('SELECT count(*) FROM silver.reflectance')).rejects.toThrow(/Expected a table of the lake/);
  });
});

describeData('a Fabry-Perot cube whose first layer is its dark', 'vtt-fpi', (data, scratch) => {
  const { ingest, rows } = lakeIn(scratch);
  const path = join(data, 'house_crop_4b_RAW.hdr');

  it('lacks what the errors name one after the other, and passes when it is given', async () => {
    expectAsksFor(await ingest(path, ...date), /unknown meaning without references/);
    const scaled = [...date, '--quantity', 'reflectance', '--scale-factor', '0.0001'];
    expectAsksFor(await ingest(path, ...scaled), /Expected the wavelength of each band, got none.*--wavelengths FILE/);
    const wavelengths = join(scratch, 'nm.txt');
    writeFileSync(wavelengths, '568.27\n545.1\n552.2\n560.3\n');
    const { messages, exitCode } = await ingest(path, ...scaled, '--wavelengths', wavelengths);
    expect([exitCode, messages]).toEqual([0, []]);
    const bytes = readFileSync(join(data, 'house_crop_4b_RAW.dat'));
    const sum = new Uint16Array(bytes.buffer, bytes.byteOffset, 160_000).reduce((total, value) => total + value, 0);
    const [[column]] = (await rows('SELECT column_name FROM silver.bands WHERE band = 0')) as [[string]];
    const [answer] = await rows(`SELECT count(*)::INT, sum(${column})::DOUBLE FROM silver.reflectance`);
    expect(answer![0]).toBe(160_000);
    expect(answer![1]).toBeCloseTo(sum / 10_000, 2);
  });
});

describeData('a NEON crop without wavelengths or place', 'neon-hsi-tif', (data, scratch) => {
  const { ingest, rows } = lakeIn(scratch);
  const path = join(data, '2019_HARV_6_726000_4699000_image_crop_hyperspectral_2019.tif');
  const scaled = [...date, '--quantity', 'reflectance', '--scale-factor', '0.0001'];

  it('says so, and passes with a list of wavelengths', async () => {
    expectAsksFor(await ingest(path, ...scaled), /Expected the wavelength of each band, got none.*--wavelengths FILE/);
    const wavelengths = join(scratch, 'nm.txt');
    writeFileSync(wavelengths, Array.from({ length: 369 }, (_, band) => 383.9 + band * 5).join('\n'));
    const { messages, exitCode } = await ingest(path, ...scaled, '--wavelengths', wavelengths);
    expect([exitCode, messages]).toEqual([0, []]);
    const [answer] = await rows(
      'SELECT count(*)::INT, count(DISTINCT line)::INT, count(DISTINCT sample)::INT FROM silver.reflectance',
    );
    expect(answer).toEqual([270, 27, 10]);
  });
});

it('looks for real cubes where it says', () => expect(dataFolder).toMatch(/data$/));
