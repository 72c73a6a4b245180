// ENVI cubes of counts with their references, as small as they may be and still be calibrated.

export const lineCount = 20;
export const sampleCount = 16;
const bandCount = 40;
/** The white panel: one count over dark is 2e-4 of reflectance, so that every value has a step of its own in bronze. */
const [darkCounts, whiteCounts, panelReflectance] = [100, 2100, 0.4];
const referenceFolder = 'reference_cubes/eu/farm-0/2026/07/01';

export interface RawObject {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** How a cube is broken: its bytes end early, its header names no size, or its header is none. */
export type Flaw = 'truncated' | 'no size' | 'no header';

function header(lines: number): string {
  const wavelengths = Array.from({ length: bandCount }, (_, band) => 400 + 15 * band);
  return [
    'ENVI',
    `samples = ${sampleCount}`,
    `lines = ${lines}`,
    `bands = ${bandCount}`,
    'header offset = 0',
    'data type = 12',
    'interleave = bil',
    'byte order = 0',
    'wavelength units = Nanometers',
    `wavelength = {${wavelengths.join(', ')}}`,
    'map info = {UTM, 1, 1, 600000, 5300000, 1, 1, 32, North, WGS-84, units=Meters}',
  ].join('\n');
}

function counts(lines: number, valueAt: (position: number) => number): Uint8Array {
  const data = new Uint16Array(lines * bandCount * sampleCount);
  for (let position = 0; position < data.length; position++) data[position] = valueAt(position);
  return new Uint8Array(data.buffer);
}

/** Dark and white, which all cubes use. */
export function references(): RawObject[] {
  const one = (name: string, value: number): RawObject[] => [
    { key: `${referenceFolder}/${name}.hdr`, bytes: Buffer.from(header(2)) },
    { key: `${referenceFolder}/${name}.bil`, bytes: counts(2, () => value) },
  ];
  return [...one('dark', darkCounts), ...one('white', whiteCounts)];
}

/** Cube `cube` of a harvest on four farms and five days: no two have the same counts. */
export function cubeParts(cube: number, flaw: Flaw | null): RawObject[] {
  const key = `raw_cubes/eu/farm-${cube % 4}/2026/07/0${1 + (cube % 5)}/c${String(cube).padStart(4, '0')}`;
  const capture = {
    sensor_id: 'burst',
    acquired_at: `2026-07-0${1 + (cube % 5)}T10:00:00Z`,
    quantity: 'counts',
    dark: { key: `${referenceFolder}/dark.hdr` },
    white: { key: `${referenceFolder}/white.hdr`, panel: panelReflectance },
  };
  const bytes = counts(lineCount, (position) => darkCounts + ((position * 7 + cube * 131) % 3001));
  const text = { 'no size': header(lineCount).replace(/^samples.*\n/m, ''), 'no header': 'GARBAGE\n' };
  return [
    { key: `${key}.bil`, bytes: flaw === 'truncated' ? bytes.subarray(0, bytes.length / 2) : bytes },
    { key: `${key}.capture.json`, bytes: Buffer.from(JSON.stringify(capture)) },
    {
      key: `${key}.hdr`,
      bytes: Buffer.from(flaw === null || flaw === 'truncated' ? header(lineCount) : text[flaw]),
    },
  ];
}
