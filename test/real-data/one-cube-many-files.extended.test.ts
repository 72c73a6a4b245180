import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createHdf5 } from '#adapters/h5wasm/write-hdf5.ts';
import type { Interleave } from '#core/cube/cube.ts';
import { answerOf } from '../cli/run-cubelake.ts';
import { dataFolder, describeData } from './data-folder.ts';

/** The upper lines of AVIRIS Indian Pines: enough for two tiles of lines, and quick. */
const [lineCount, sampleCount, bandCount] = [72, 145, 200];
const fileLineCount = 145;

/** Value of a pixel in the .npy, whose first axis (lines) runs fastest. */
function readPixels(path: string): (line: number, sample: number, band: number) => number {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  if (!/'<u2', 'fortran_order': True, 'shape': \(145, 145, 200\)/.test(bytes.toString('latin1', 10, start))) {
    throw new Error(`Expected 145 x 145 x 200 uint16 in Fortran order (${path}).`);
  }
  return (line, sample, band) => bytes.readUInt16LE(start + 2 * ((band * sampleCount + sample) * fileLineCount + line));
}

/** Centres of the 220 bands, without the 20 that water vapour makes useless: 104 to 108, 150 to 163 and 220. */
function readWavelengths(): string[] {
  const text = readFileSync(join(dataFolder, 'spy-tests/92AV3C.spc'), 'latin1');
  const all = [...text.matchAll(/^\s*(\d+\.\d+)\s/gm)].map((match) => match[1]!);
  expect(all).toHaveLength(220);
  const isWet = (number: number) =>
    (number >= 104 && number <= 108) || (number >= 150 && number <= 163) || number === 220;
  return all.filter((_, position) => !isWet(position + 1));
}

function positionIn(interleave: Interleave, line: number, sample: number, band: number): number {
  if (interleave === 'bsq') return (band * lineCount + line) * sampleCount + sample;
  if (interleave === 'bil') return (line * bandCount + band) * sampleCount + sample;
  return (line * sampleCount + sample) * bandCount + band;
}

const shapes = {
  bsq: [bandCount, lineCount, sampleCount],
  bil: [lineCount, bandCount, sampleCount],
  bip: [lineCount, sampleCount, bandCount],
} as const;

describeData('one real cube in every layout and format', 'tensorly-indian-pines', (data, scratch) => {
  const valueAt = readPixels(join(data, 'Indian_pines_corrected.npy'));
  const wavelengths = readWavelengths();

  function arranged(interleave: Interleave): Uint16Array {
    const out = new Uint16Array(lineCount * sampleCount * bandCount);
    for (let line = 0; line < lineCount; line++) {
      for (let sample = 0; sample < sampleCount; sample++) {
        for (let band = 0; band < bandCount; band++) {
          out[positionIn(interleave, line, sample, band)] = valueAt(line, sample, band);
        }
      }
    }
    return out;
  }

  function writeEnvi(name: string, interleave: Interleave, byteOrder: 0 | 1): string {
    const bytes = Buffer.from(arranged(interleave).buffer);
    writeFileSync(join(scratch, `${name}.img`), byteOrder === 1 ? bytes.swap16() : bytes);
    const header = [
      'ENVI',
      `samples = ${sampleCount}`,
      `lines = ${lineCount}`,
      `bands = ${bandCount}`,
      'header offset = 0',
      'data type = 12',
      `interleave = ${interleave}`,
      `byte order = ${byteOrder}`,
      'wavelength units = Nanometers',
      `wavelength = {${wavelengths.join(', ')}}`,
    ];
    writeFileSync(join(scratch, `${name}.hdr`), header.join('\n'));
    return join(scratch, `${name}.hdr`);
  }

  async function writeHdf5(name: string, interleave: Interleave): Promise<string> {
    const path = join(scratch, `${name}.h5`);
    const file = await createHdf5(path, path);
    // No value reaches 32 768.
    file.createDataset('/cube', Int16Array.from(arranged(interleave)), shapes[interleave]);
    file.createDataset('/wavelength', Float64Array.from(wavelengths, Number));
    file.setAttribute('/wavelength', 'units', 'nm');
    await file.close();
    return path;
  }

  it('gives the same silver, and the sums of its own numbers', async () => {
    const paths: string[] = [];
    for (const interleave of ['bsq', 'bil', 'bip'] as const) {
      paths.push(
        writeEnvi(`envi_${interleave}_little`, interleave, 0),
        writeEnvi(`envi_${interleave}_big`, interleave, 1),
      );
      paths.push(await writeHdf5(`hdf5_${interleave}`, interleave));
    }
    const lake = ['--lake', join(scratch, 'lake')];
    const scale = ['--quantity', 'reflectance', '--scale-factor', '0.0001'];
    await answerOf(scratch, ['ingest', ...paths, '--farm', 'f1', '--date', '1992-06-12', ...scale, ...lake]);
    const rowsOf = async (sql: string): Promise<unknown[][]> =>
      (JSON.parse(await answerOf(scratch, ['sql', sql, '--json', ...lake])) as { rows: unknown[][] }).rows;

    const bands = [0, 28, 57, 102, 103, 199];
    const columnRows = await rowsOf(
      `SELECT DISTINCT band::INT, column_name FROM silver.bands WHERE band IN (${bands}) ORDER BY band`,
    );
    expect(columnRows.map(([band]) => band)).toEqual(bands);
    // Whole numbers of 0.0001: sums that do not depend on the order of the rows.
    const sums = columnRows.map(
      ([, name]) =>
        `sum(round(${name} * 10000)::BIGINT)::DOUBLE, sum(round(${name} * 10000)::BIGINT * (line * 145 + sample))::DOUBLE`,
    );
    const answers = await rowsOf(
      `SELECT cube_id, count(*)::INT, ${sums.join(', ')} FROM silver.reflectance GROUP BY ALL ORDER BY ALL`,
    );
    const expected = bands.flatMap((band) => {
      let sum = 0;
      let weighted = 0;
      for (let line = 0; line < lineCount; line++) {
        for (let sample = 0; sample < sampleCount; sample++) {
          sum += valueAt(line, sample, band);
          weighted += valueAt(line, sample, band) * (line * sampleCount + sample);
        }
      }
      return [sum, weighted];
    });
    expect(answers.map(([id]) => id)).toEqual(paths.map((path) => path.split('/').at(-1)!.split('.')[0]).toSorted());
    for (const [, rowCount, ...got] of answers) {
      expect(rowCount).toBe(lineCount * sampleCount);
      expect(got).toEqual(expected);
    }
  });
});
