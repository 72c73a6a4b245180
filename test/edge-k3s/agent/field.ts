// A folder of captures as a camera writes them, small enough for unit tests.
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const lineCount = 20;
export const sampleCount = 6;

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'cubelake-edge-'));
}

/** ENVI header of counts in three bands. */
export function headerText(time = '2026-07-01T10:00:00Z', lines = lineCount): string {
  return [
    'ENVI',
    `samples = ${sampleCount}`,
    `lines = ${lines}`,
    'bands = 3',
    'header offset = 0',
    'data type = 12',
    'interleave = bil',
    'byte order = 0',
    `acquisition time = ${time}`,
    'wavelength units = Nanometers',
    'wavelength = {670, 800, 1240}',
  ].join('\n');
}

export function dataOf(seed: number, lines = lineCount): Uint8Array {
  const data = new Uint16Array(lines * 3 * sampleCount);
  for (let at = 0; at < data.length; at++) data[at] = 300 + ((at * 7919 + seed * 104_729) % 1500);
  return new Uint8Array(data.buffer);
}

/** Both files of a cube, the data first; renamed into place. */
export function writeCube(folder: string, name: string, seed = 1): void {
  for (const [extension, content] of [
    ['bil', dataOf(seed)],
    ['hdr', headerText()],
  ] as const) {
    writeFileSync(join(folder, `${name}.${extension}.part`), content);
    renameSync(join(folder, `${name}.${extension}.part`), join(folder, `${name}.${extension}`));
  }
}

/** Dark of 100 and white of 2100 counts. @returns Their headers. */
export function writeReferences(folder: string): { readonly dark: string; readonly white: string } {
  const write = (name: string, value: number): string => {
    writeFileSync(join(folder, `${name}.bil`), new Uint8Array(new Uint16Array(4 * 3 * sampleCount).fill(value).buffer));
    writeFileSync(join(folder, `${name}.hdr`), headerText('2026-07-01T09:00:00Z', 4));
    return join(folder, `${name}.hdr`);
  };
  return { dark: write('dark', 100), white: write('white', 2100) };
}
