import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { CalibrationError, CubelakeError, GeometryError } from '#core/errors.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import type { GranuleOutput } from '#core/pipeline/payload.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { quality } from '#core/radiometry/quality.ts';
import { lineCount, putSmallCube, reflectanceAt, type SmallCubeOptions, sampleCount } from './small-cube.ts';

const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};

interface Run {
  readonly warehouse: ObjectStore;
  readonly output: GranuleOutput;
  readonly steps: readonly string[];
  again(source: 'raw' | 'bronze'): Promise<GranuleOutput>;
}

async function run(options: SmallCubeOptions = {}): Promise<Run> {
  const raw = memoryObjectStore();
  const warehouse = memoryObjectStore();
  const granule = await putSmallCube(raw, options);
  const payload = cubePayload({ openHdf5, tilePool: sequentialTilePool({ raw, warehouse, openHdf5 }) });
  const steps: string[] = [];
  const process = (source: 'raw' | 'bronze') =>
    payload.process(granule, {
      raw,
      warehouse,
      source,
      progress: silentProgress,
      step: (label) => void steps.push(label),
    });
  return { warehouse, output: await process('raw'), steps, again: process };
}

async function rowsOf(
  warehouse: ObjectStore,
  output: GranuleOutput,
  table: string,
): Promise<Record<string, unknown>[]> {
  const staged = output.tables.find((candidate) => candidate.table === table)!;
  const rows: Record<string, unknown>[] = [];
  for (const { path } of staged.data_files) {
    const { bytes } = await warehouse.get(path.slice(warehouse.rootUri.length + 1));
    const file = Uint8Array.from(bytes).buffer;
    rows.push(...(await parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) } })));
  }
  return rows;
}

describe('a raw cube through the payload', () => {
  it('becomes a silver row per pixel with the reflectance that the references imply', async () => {
    const { warehouse, output } = await run();
    const rows = await rowsOf(warehouse, output, 'silver.reflectance');
    expect(rows).toHaveLength(lineCount * sampleCount);
    for (const row of rows) {
      expect(row['r0670']).toBeCloseTo(reflectanceAt(row['line'] as number, 0), 4);
      expect(row['r1240']).toBeCloseTo(reflectanceAt(row['line'] as number, 2), 4);
    }
    const [first] = rows;
    expect(first).toMatchObject({
      farm_id: 'farm-a',
      cube_id: 'c1',
      sensor_id: 'toy',
      origin: 'cloud',
      quality: 0,
      pixel_count: 1,
    });
    expect([first!['x'], first!['y']]).toEqual([600_000.5, 5_299_999.5]);
    // pyproj 3.7.2: Transformer.from_crs(32632, 4326, always_xy=True).transform(600000.5, 5299999.5)
    expect(first!['lon']).toBeCloseTo(10.336597540363698, 9);
    expect(first!['lat']).toBeCloseTo(47.845556677182536, 9);
  });

  it('becomes plot means whose NDVI follows from the reflectances, and says why a water index is missing', async () => {
    const { warehouse, output } = await run();
    const rows = await rowsOf(warehouse, output, 'gold.plot_index');
    const ndvi = rows.filter((row) => row['spectral_index'] === 'ndvi');
    expect(ndvi.map((row) => row['plot_id'])).toEqual(['p1', 'p2']);
    // (.5 - .04) / (.5 + .04) and (.3 - .2) / (.3 + .2)
    expect(ndvi[0]!['mean']).toBeCloseTo(0.46 / 0.54, 4);
    expect(ndvi[1]!['mean']).toBeCloseTo(0.2, 4);
    // 10 m x 28 m of 1 m pixels
    expect(ndvi[0]!['pixel_count']).toBe(280);
    const gao = rows.find((row) => row['spectral_index'] === 'ndwi_gao')!;
    expect(gao['mean']).toBeNull();
    expect(gao['null_reason']).toBe('no good band within 10 nm of 860 nm: the nearest good band is at 800.0 nm');
  });

  it('gives the same files from bronze as from raw, byte for byte', async () => {
    const { warehouse, output, again } = await run();
    const bytesOf = async (result: GranuleOutput) =>
      Promise.all(
        result.tables
          .flatMap((table) => table.data_files)
          .map(async ({ path }) => {
            const { etag } = (await warehouse.head(path.slice(warehouse.rootUri.length + 1)))!;
            return [path, etag];
          }),
      );
    const before = await bytesOf(output);
    const fromBronze = await again('bronze');
    expect(fromBronze.report['method']).toBe('bronze');
    expect(await bytesOf(fromBronze)).toEqual(before);
    expect(fromBronze.tables).toEqual(output.tables);
  });

  it('keeps a pixel with one missing band, and leaves out a pixel without any value', async () => {
    const { warehouse, output } = await run({
      count: (line, band, sample) => (line === 0 && (sample === 1 || (sample === 2 && band === 0)) ? 65_535 : null),
    });
    const rows = await rowsOf(warehouse, output, 'silver.reflectance');
    expect(rows).toHaveLength(lineCount * sampleCount - 1);
    expect(rows.some((row) => row['line'] === 0 && row['sample'] === 1)).toBe(false);
    const partly = rows.find((row) => row['line'] === 0 && row['sample'] === 2)!;
    expect([partly['r0670'] ?? null, partly['r0800']]).toEqual([null, 0.5]);
    expect(partly['quality']).toBe(quality.noData);
    // The rows after the missing one have not moved against their values.
    expect(rows.find((row) => row['line'] === 40 && row['sample'] === 11)!['r0670']).toBeCloseTo(0.2, 4);
    expect(output.report['row_count']).toBe(lineCount * sampleCount - 1);
  });

  it('marks saturated pixels and leaves them out of indices', async () => {
    const { warehouse, output } = await run({
      count: (line, band, sample) => (line === 10 && sample === 5 && band === 0 ? 4095 : null),
    });
    const rows = await rowsOf(warehouse, output, 'gold.plot_index');
    expect(rows.find((row) => row['spectral_index'] === 'ndvi')).toMatchObject({ pixel_count: 280, valid_count: 279 });
    expect(output.report['saturated_pixel_count']).toBe(1);
  });

  it('writes bronze metadata last, and nothing that a table sees', async () => {
    const { steps } = await run();
    expect(steps.at(-1)).toBe('bronze metadata');
    expect(steps.filter((step) => step.startsWith('tile'))).toHaveLength(2);
  });

  it.each<[string, SmallCubeOptions, new (...args: never[]) => CubelakeError, RegExp]>([
    ['holds only fill values', { count: () => 65_535 }, CalibrationError, /pixels with a value, got none among 840/],
    [
      'lies elsewhere than its plots',
      { capture: { georeference: { epsg: 32632, transform: [1, 0, 0, 0, -1, 0] } } },
      GeometryError,
      /plots inside the cube/,
    ],
    [
      'names a reference that is not there',
      { capture: { dark: { key: 'reference_cubes/eu/farm-a/2026/07/01/lost.hdr' } } },
      CubelakeError,
      /dark that the capture sidecar names/,
    ],
    [
      'names a reference outside of raw',
      { capture: { dark: { key: '../../etc/passwd' } } },
      CubelakeError,
      /Expected a raw key as dark/,
    ],
    [
      'has another hash than its sidecar says',
      { capture: { sha256: { 'c1.bil': 'a'.repeat(64) } } },
      CubelakeError,
      /Expected SHA-256 a+, got/,
    ],
    [
      'needs a dark of its own time',
      {
        capture: {
          integration_time_ms: 10,
          white: { key: 'reference_cubes/eu/farm-a/2026/07/01/white.hdr', integration_time_ms: 4 },
        },
      },
      CalibrationError,
      /white's integration time 4 ms/,
    ],
  ])('refuses a cube that %s', async (_, options, errorClass, message) => {
    const failure = await run(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(errorClass);
    expect((failure as CubelakeError).message).toMatch(message);
    expect((failure as CubelakeError).disposition).toBe('quarantine');
  });
});
