import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { folderSink } from '#adapters/h5wasm/write-folder.ts';
import { frameTheField } from '#core/simulation/frame.ts';
import { defaultSimulation, type SimulationOptions } from '#core/simulation/options.ts';
import { vnirCamera } from '#core/simulation/pushbroom.ts';
import { type SimulationReport, simulate } from '#core/simulation/simulate.ts';
import { layTrial, plotIndexAt } from '#core/simulation/trial.ts';
import { type Capture, captureSchema } from '#schemas/capture.ts';
import { parseRawKey } from '#schemas/object-keys.ts';
import { type MemorySink, memorySink } from './memory-sink.ts';

/** 5 entries and 2 checks in 2 replicates; a frame of 64 lines and 40 samples. */
const small: SimulationOptions = {
  ...defaultSimulation,
  sensors: ['vnir'],
  dates: ['2025-05-12', '2025-06-09'],
  entryCount: 5,
  replicateCount: 2,
  lineCount: 64,
  sampleCount: 40,
  bandCount: 31,
};

interface RawCube {
  readonly capture: Capture;
  readonly wavelengthNm: number[];
  readonly shape: readonly [lines: number, bands: number, samples: number];
  readonly counts: Uint16Array;
}

/** Reads header and counts with nothing of the simulator's. */
function readRaw(sink: MemorySink, headerKey: string): Omit<RawCube, 'capture'> {
  const header = new TextDecoder().decode(sink.files.get(headerKey));
  const number = (key: string) => Number(new RegExp(`^${key} = (\\d+)$`, 'm').exec(header)![1]);
  const bytes = sink.files.get(headerKey.replace(/hdr$/, 'bil'))!;
  return {
    wavelengthNm: /^wavelength = \{(.*)\}$/m.exec(header)![1]!.split(', ').map(Number),
    shape: [number('lines'), number('bands'), number('samples')],
    counts: new Uint16Array(bytes.slice().buffer),
  };
}

function readCube(sink: MemorySink, dataKey: string): RawCube & { dark: Float64Array; white: Float64Array } {
  const text = new TextDecoder().decode(sink.files.get(dataKey.replace(/bil$/, 'capture.json')));
  const capture = captureSchema.parse(JSON.parse(text));
  const raw = readRaw(sink, dataKey.replace(/bil$/, 'hdr'));
  const dark = meanLine(readRaw(sink, capture.dark!.key));
  const white = meanLine(readRaw(sink, capture.white!.key));
  return { ...raw, capture, dark, white };
}

/** Mean over lines, shape [bands, samples]. */
function meanLine(cube: Omit<RawCube, 'capture'>): Float64Array {
  const [lineCount, bandCount, sampleCount] = cube.shape;
  const mean = new Float64Array(bandCount * sampleCount);
  for (const [position, count] of cube.counts.entries()) mean[position % mean.length]! += count / lineCount;
  return mean;
}

/** Root mean square error of the plots' NDVI, computed from counts by flat-field correction. */
function ndviRmse(
  sink: MemorySink,
  truth: SimulationReport['truth']['cubes'][number],
  plotAt: (s: number, l: number) => string,
): number {
  const { capture, wavelengthNm, shape, counts, dark, white } = readCube(sink, truth.key);
  const [lineCount, bandCount, sampleCount] = shape;
  const panel = capture.white!.panel as { wavelength_nm: number[]; reflectance: number[] };
  const ratio = capture.white!.integration_time_ms! / capture.integration_time_ms!;
  const reflectance = (band: number, line: number, sample: number) => {
    const element = band * sampleCount + sample;
    if (white[element]! - dark[element]! < 100) return Number.NaN;
    const step = Math.min(11, Math.floor((wavelengthNm[band]! - 400) / 50));
    const share = (wavelengthNm[band]! - 400) / 50 - step;
    const certified = (1 - share) * panel.reflectance[step]! + share * panel.reflectance[step + 1]!;
    const signal = counts[line * bandCount * sampleCount + element]! - dark[element]!;
    return (certified * ratio * signal) / (white[element]! - dark[element]!);
  };
  const r800Band = wavelengthNm.indexOf(truth.r800_nm);
  const r670Band = wavelengthNm.indexOf(truth.r670_nm);
  const values = new Map<string, number[]>();
  for (let line = 0; line < lineCount; line++) {
    for (let sample = 0; sample < sampleCount; sample++) {
      const plot = plotAt(sample, line);
      const r800 = reflectance(r800Band, line, sample);
      const r670 = reflectance(r670Band, line, sample);
      if (plot === '' || Number.isNaN(r800 + r670)) continue;
      values.set(plot, [...(values.get(plot) ?? []), (r800 - r670) / (r800 + r670)]);
    }
  }
  let squares = 0;
  for (const [plot, found] of values) {
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
    squares += (mean - truth.plots[plot]!.ndvi) ** 2;
  }
  expect(values.size).toBe(Object.keys(truth.plots).length);
  return Math.sqrt(squares / values.size);
}

describe('a simulated season of raw counts', () => {
  let sink: MemorySink;
  let report: SimulationReport;
  beforeAll(async () => {
    sink = memorySink();
    report = await simulate(small, sink);
  });

  it('gives back its true NDVI by flat-field correction, whatever the times of the references', () => {
    const trial = layTrial(small);
    for (const [position, cube] of report.truth.cubes.entries()) {
      const [a, b, c, d, e, f] = frameTheField(trial, position === 1 ? 6 : 0, small).transform;
      const plotAt = (sample: number, line: number) => {
        const eastM = a * (sample + 0.5) + b * (line + 0.5) + c;
        const northM = d * (sample + 0.5) + e * (line + 0.5) + f;
        return trial.plots[plotIndexAt(trial, eastM, northM, report.truth.plot_buffer_m)]?.plotId ?? '';
      };
      expect(ndviRmse(sink, cube, plotAt)).toBeLessThan(0.003);
    }
  });

  it('takes the white reference with another integration time than the scene, each with a dark of its own', () => {
    const captures = report.truth.cubes.map((cube) => readCube(sink, cube.key).capture);
    const times = captures.map((capture) => [
      capture.integration_time_ms,
      capture.white!.integration_time_ms,
      capture.dark!.integration_time_ms,
      capture.white!.dark!.integration_time_ms,
    ]);
    expect(times).toEqual([
      [12, 8, 12, 8],
      [12, 8, 12, 8],
    ]);
  });

  it('has dead elements where white and dark are the same, and no saturated pixel unless asked', () => {
    const { counts, dark, white } = readCube(sink, report.truth.cubes[0]!.key);
    const deadCount = white.filter((count, element) => count - dark[element]! < 5).length;
    expect(deadCount).toBeGreaterThanOrEqual(8);
    expect(counts.includes(vnirCamera.saturationLevel)).toBe(false);
  });

  it('saturates the share of pixels that was asked for, and keeps the truth of the canopy below', async () => {
    const glinting = memorySink();
    const { truth } = await simulate({ ...small, dates: ['2025-05-12'], saturatedFraction: 0.02 }, glinting);
    const { counts, shape, capture } = readCube(glinting, truth.cubes[0]!.key);
    const [lineCount, bandCount, sampleCount] = shape;
    let saturatedCount = 0;
    for (let line = 0; line < lineCount; line++) {
      for (let sample = 0; sample < sampleCount; sample++) {
        const middle = (line * bandCount + 15) * sampleCount + sample;
        if (counts[middle] === capture.saturation_level) saturatedCount++;
      }
    }
    // 64 * 40 pixels, 2 %: 51 expected, standard deviation 7.
    expect(saturatedCount).toBeGreaterThan(25);
    expect(saturatedCount).toBeLessThan(80);
    expect(truth.cubes[0]!.plots).toEqual(report.truth.cubes[0]!.plots);
  });

  it('names every file but the truth by its raw key, references before the cube that needs them', () => {
    const paths = report.files.map((file) => file.path);
    expect(paths.at(-1)).toBe('truth.json');
    for (const path of paths.slice(0, -1)) expect(parseRawKey(path), path).not.toBeNull();
    expect(paths.map((path) => path.split('/')[0])).toEqual([
      ...['plot_sets', 'yields'],
      ...new Array<string>(6).fill('reference_cubes'),
      ...['raw_cubes', 'raw_cubes', 'raw_cubes'],
      ...new Array<string>(6).fill('reference_cubes'),
      ...['raw_cubes', 'raw_cubes', 'raw_cubes', 'truth.json'],
    ]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('says in the capture sidecar the hash of each part', () => {
    const { capture } = readCube(sink, report.truth.cubes[0]!.key);
    const parts = report.files.filter((file) => file.path.startsWith('raw_cubes/') && !file.path.endsWith('.json'));
    expect(capture.sha256).toEqual(
      Object.fromEntries(parts.slice(0, 2).map((file) => [file.path.split('/').at(-1), file.sha256])),
    );
    expect(capture.plots).toBe(report.files[0]!.path);
  });

  it('streams: no more than 16 lines at once', () => {
    expect(sink.largestAppendBytes()).toBe(16 * 31 * 40 * 2);
  });

  it('is the same in every run, and another one for another seed', async () => {
    const again = await simulate(small, memorySink());
    expect(again).toEqual(report);
    const other = await simulate({ ...small, seed: 2 }, memorySink());
    expect(other.files[0]!.sha256).not.toBe(report.files[0]!.sha256);
    expect(other.truth.germplasm).not.toEqual(report.truth.germplasm);
  });
});

describe('a simulated season of all sensors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-simulate-'));
  const all: SimulationOptions = { ...small, sensors: defaultSimulation.sensors, bandCount: 60 };
  let reports: SimulationReport[];
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2024, 1, 29) });
    const first = await simulate(all, folderSink(join(folder, 'a')));
    vi.setSystemTime(Date.UTC(2031, 5, 1));
    reports = [first, await simulate(all, folderSink(join(folder, 'b')))];
  });
  afterAll(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  // HDF5 writes the time of day into object headers: two runs at different times made different files.
  it('is the same byte for byte in two runs, NetCDF and HDF5 too', () => {
    expect(reports[1]).toEqual(reports[0]);
    const containers = reports[0]!.files.filter((file) => /\.(nc|h5)$/.test(file.path));
    expect(containers).toHaveLength(2);
    for (const { path } of containers) {
      expect(readFileSync(join(folder, 'a', path)).equals(readFileSync(join(folder, 'b', path))), path).toBe(true);
    }
  });

  it('has the same cube of one sensor whichever others fly', async () => {
    const alone = await simulate({ ...all, sensors: ['vnir'] }, memorySink());
    const together = new Map(reports[0]!.files.map((file) => [file.path, file.sha256]));
    for (const file of alone.files.slice(0, -1)) expect(together.get(file.path), file.path).toBe(file.sha256);
  });

  it('reports sizes and hashes of what lies in the folder', () => {
    for (const file of reports[0]!.files) {
      expect(readFileSync(join(folder, 'a', file.path)).length, file.path).toBe(file.sizeBytes);
    }
  });
});
