import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const sampleCount = 640;
export const bandCount = 224;
const referenceLineCount = 50;
const panelReflectance = 0.99;
const darkLevel = 200;
const countMax = 4095;
const noiseCounts = 8;

/** Band centres in nm, 400 to 2500 in even steps. */
export const wavelengthNm = Float64Array.from(
  { length: bandCount },
  (_, band) => 400 + (2100 * band) / (bandCount - 1),
);

/**
 * Writes cube, dark and white reference as ENVI BIL uint16: `cube.bil`, `dark.bil`, `white.bil` with headers. Soil and
 * vegetation mix in every pixel, the detector's response differs by sample, and all counts carry noise. Seeded: the same
 * line count gives the same bytes.
 */
export function writeReferenceCube(folder: string, lineCount: number): void {
  mkdirSync(folder, { recursive: true });
  const random = mulberry32(1);
  const noise = gaussianTable(random);
  const response = Float32Array.from({ length: sampleCount }, () => 0.9 + 0.2 * random());
  const light = wavelengthNm.map((nm) => 3000 * Math.exp(-(((nm - 900) / 900) ** 2)));
  const plant = wavelengthNm.map((nm) => 0.1 + 0.5 / (1 + Math.exp(-(nm - 715) / 15)));
  const soil = wavelengthNm.map((nm) => 0.15 + 0.1 * (nm / 2500));
  const cover = new Float32Array(sampleCount);

  writeBil(folder, 'cube', lineCount, (line) => {
    for (let sample = 0; sample < sampleCount; sample++) cover[sample] = random();
    for (let band = 0; band < bandCount; band++) {
      for (let sample = 0; sample < sampleCount; sample++) {
        const reflectance = cover[sample]! * plant[band]! + (1 - cover[sample]!) * soil[band]!;
        line[band * sampleCount + sample] = counts(reflectance * light[band]! * response[sample]!);
      }
    }
  });
  for (const [name, level] of [
    ['dark', 0],
    ['white', panelReflectance],
  ] as const) {
    writeBil(folder, name, referenceLineCount, (line) => {
      for (let band = 0; band < bandCount; band++) {
        for (let sample = 0; sample < sampleCount; sample++) {
          line[band * sampleCount + sample] = counts(level * light[band]! * response[sample]!);
        }
      }
    });
  }

  function counts(signal: number): number {
    const value = darkLevel + signal + noiseCounts * noise[(random() * noise.length) | 0]!;
    return Math.min(countMax, Math.max(0, value));
  }
}

function writeBil(folder: string, name: string, lineCount: number, fill: (line: Uint16Array) => void): void {
  const line = new Uint16Array(bandCount * sampleCount);
  const file = openSync(join(folder, `${name}.bil`), 'w');
  for (let index = 0; index < lineCount; index++) {
    fill(line);
    writeSync(file, new Uint8Array(line.buffer));
  }
  closeSync(file);
  const header = [
    'ENVI',
    `samples = ${sampleCount}`,
    `lines = ${lineCount}`,
    `bands = ${bandCount}`,
    'header offset = 0',
    'data type = 12',
    'interleave = bil',
    'byte order = 0',
    'wavelength units = Nanometers',
    `wavelength = {${[...wavelengthNm].map((nm) => nm.toFixed(3)).join(', ')}}`,
  ];
  writeFileSync(join(folder, `${name}.hdr`), `${header.join('\n')}\n`);
}

/** 65 536 normal deviates by Box and Muller: drawing from a table is ten times as fast as computing each. */
function gaussianTable(random: () => number): Float32Array {
  return Float32Array.from({ length: 65_536 }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return radius * Math.cos(2 * Math.PI * random());
  });
}

/** @source Tommy Ettinger, mulberry32, public domain */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
