import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** ENVI cubes of a few pixels, their references, plots and yields, written to disk. UTM 32N, 1 m pixels. */
export const lineCount = 20;
export const sampleCount = 8;
export const bandCount = 3;

export type Fields = Readonly<Record<string, string | null>>;

const fields: Fields = {
  samples: String(sampleCount),
  lines: String(lineCount),
  bands: String(bandCount),
  'header offset': '0',
  'data type': '12',
  interleave: 'bil',
  'byte order': '0',
  'wavelength units': 'Nanometers',
  wavelength: '{670, 800, 1240}',
  'map info': '{UTM, 1, 1, 600000, 5300000, 1, 1, 32, North, WGS-84, units=Meters}',
};

/** An ENVI header; a field of null is left out. */
export function headerText(changes: Fields = {}): string {
  const entries = Object.entries({ ...fields, ...changes }).filter(([, value]) => value !== null);
  return ['ENVI', ...entries.map(([name, value]) => `${name} = ${value}`), ''].join('\n');
}

/** Counts of a cube over which nothing changes from line to line, as little-endian uint16 BIL. */
export function flatCounts(count: number, lines: number = lineCount, samples: number = sampleCount): Uint8Array {
  return new Uint8Array(new Uint16Array(lines * bandCount * samples).fill(count).buffer);
}

/** Counts of a crop over a dark of 100: red 0.04, near infrared 0.5, short wave 0.4 where a white of 0.5 reads 2100. */
export function cropCounts(brightness = 1): Uint8Array {
  const data = new Uint16Array(lineCount * bandCount * sampleCount);
  const reflectance = [0.04, 0.5, 0.4];
  for (let line = 0; line < lineCount; line++) {
    for (let band = 0; band < bandCount; band++) {
      const at = (line * bandCount + band) * sampleCount;
      data.fill(100 + Math.round(reflectance[band]! * 4000 * brightness), at, at + sampleCount);
    }
  }
  return new Uint8Array(data.buffer);
}

export interface CubeFile {
  readonly header?: Fields;
  readonly data?: Uint8Array;
}

/** Writes `NAME.hdr` and `NAME.bil`. @returns the path of the header */
export function writeCube(folder: string, name: string, { header = {}, data = cropCounts() }: CubeFile = {}): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.bil`), data);
  const path = join(folder, `${name}.hdr`);
  writeFileSync(path, headerText(header));
  return path;
}

/** Dark of 100 and white of 2100 counts. @returns the options that name them */
export function writeReferences(folder: string): string[] {
  const header = { lines: '4' };
  const dark = writeCube(folder, 'dark', { header, data: flatCounts(100, 4) });
  const white = writeCube(folder, 'white', { header, data: flatCounts(2100, 4) });
  return ['--quantity', 'counts', '--dark', dark, '--white', white, '--panel', '0.5'];
}

export interface PlotFile {
  readonly crs?: string | null;
  /** Moves both plots east. */
  readonly shiftM?: number;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** Two plots of 6 m x 6 m inside the cube. */
export function plotText({ crs = 'EPSG:32632', shiftM = 0, properties = {} }: PlotFile = {}): string {
  const plot = (id: string, top: number) => {
    const [x0, x1, y0, y1] = [600_001 + shiftM, 600_007 + shiftM, 5_300_000 - top - 7, 5_300_000 - top - 1];
    const ring = [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ];
    return {
      type: 'Feature',
      properties: { plot_id: id, crop: 'wheat', crop_row: 1, germplasm: `line-${id}`, trial_id: 't1', ...properties },
      geometry: { type: 'Polygon', coordinates: [ring] },
    };
  };
  return JSON.stringify({
    type: 'FeatureCollection',
    ...(crs !== null && { crs: { type: 'name', properties: { name: crs } } }),
    features: [plot('p1', 0), plot('p2', 10)],
  });
}

export function writeText(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
