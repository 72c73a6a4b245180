// Captures of a small sensor as it leaves them on the disk of a field machine: ENVI cubes of counts, references, plots.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [lineCount, sampleCount, bandCount] = [48, 40, 40];
const [darkCounts, whiteCounts] = [100, 4100];

function header(lines: number, minute: number): string {
  const wavelengths = Array.from({ length: bandCount }, (_, band) => 450 + 12 * band);
  return [
    'ENVI',
    `samples = ${sampleCount}`,
    `lines = ${lines}`,
    `bands = ${bandCount}`,
    'header offset = 0',
    'data type = 12',
    'interleave = bil',
    'byte order = 0',
    `acquisition time = 2026-07-01T10:${String(minute).padStart(2, '0')}:00Z`,
    'wavelength units = Nanometers',
    `wavelength = {${wavelengths.join(', ')}}`,
    `map info = {UTM, 1, 1, ${600_000 + 100 * minute}, 5300000, 1, 1, 32, North, WGS-84, units=Meters}`,
  ].join('\n');
}

function counts(lines: number, valueAt: (line: number, band: number, sample: number) => number): Uint8Array {
  const data = new Uint16Array(lines * bandCount * sampleCount);
  for (let position = 0; position < data.length; position++) {
    const sample = position % sampleCount;
    const band = Math.floor(position / sampleCount) % bandCount;
    data[position] = valueAt(Math.floor(position / sampleCount / bandCount), band, sample);
  }
  return new Uint8Array(data.buffer);
}

/** Dark and white beside each other. @returns Options of `edge run` that name them. */
export function writeReferences(folder: string): string[] {
  const one = (name: string, value: number): string => {
    writeFileSync(join(folder, `${name}.hdr`), header(4, 0));
    writeFileSync(
      join(folder, `${name}.bil`),
      counts(4, () => value),
    );
    return join(folder, `${name}.hdr`);
  };
  return ['--dark', one('dark', darkCounts), '--white', one('white', whiteCounts), '--panel', '0.99'];
}

export const cubeName = (cube: number): string => `pass-${String(cube).padStart(3, '0')}`;

/** One capture, which appears at once: written under other names, then renamed, the header last. */
export function writeCapture(folder: string, cube: number): void {
  // Vegetation in stripes over soil, and noise that follows from place and cube, so that no two parts have the same bytes.
  const valueAt = (line: number, band: number, sample: number): number => {
    const isLeaf = Math.floor((sample + cube) / 6) % 2 === 0;
    const reflectance = isLeaf ? (band < 26 ? 0.05 : 0.45) : 0.12 + 0.002 * band;
    const noise = ((line * 7919 + band * 104_729 + sample * 1299_709 + cube * 15_485_863) >>> 3) % 97;
    return darkCounts + Math.round(reflectance * (whiteCounts - darkCounts)) + noise;
  };
  const files: [string, string | Uint8Array][] = [
    ['bil', counts(lineCount, valueAt)],
    ['hdr', header(lineCount, cube)],
  ];
  const path = (extension: string): string => join(folder, `${cubeName(cube)}.${extension}`);
  for (const [extension, content] of files) writeFileSync(`${path(extension)}.part`, content);
  for (const [extension] of files) renameSync(`${path(extension)}.part`, path(extension));
}
