import { createHash } from 'node:crypto';
import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import type { CubeHeader } from '#core/cube/cube.ts';
import { edgeGridOf } from '#core/edge/calibrated-tiles.ts';
import { edgeProcessingId } from '#core/edge/edge-processing.ts';
import { defaultEdgeSettings, type EdgeSettings } from '#core/edge/edge-product.ts';
import { makeGranule } from '#core/edge/make-granule.ts';
import { Spool } from '#core/edge/spool.ts';
import { CalibrationError, FormatError, GeometryError, TemporaryError } from '#core/errors.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { cellFactsSchema, plotFactsSchema } from '#schemas/edge-messages.ts';
import { granuleReportSchema } from '#schemas/edge-report.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import { granuleKey, lineCount, putSmallCube, type SmallCubeOptions, sampleCount } from '../pipeline/small-cube.ts';
import { emptyDisk, keysOf, type SpoolDisk, watchedDisk } from './cut-off-disk.ts';

const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};

interface Making {
  readonly raw: ObjectStore;
  readonly disk: SpoolDisk;
  readonly settings?: Partial<EdgeSettings>;
  readonly budgetBytes?: number;
}

async function make({ raw, disk, settings, budgetBytes = 1e9 }: Making): Promise<Spool> {
  const spool = await Spool.open({ ...disk, budgetBytes });
  disk.captures.add(granuleKey, 1);
  await makeGranule(granuleKey, {
    raw,
    spool,
    captures: disk.captures,
    openHdf5,
    deviceId: 'tractor-1',
    settings: { ...defaultEdgeSettings, cellSize: 2, ...settings },
    progress: silentProgress,
    betweenTiles: () => Promise.resolve(),
  });
  return spool;
}

async function rawOf(options: SmallCubeOptions = {}): Promise<ObjectStore> {
  const raw = memoryObjectStore();
  await putSmallCube(raw, options);
  return raw;
}

const decode = (bytes: Uint8Array) => ({
  file: Uint8Array.from(bytes).buffer,
  compressors: { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) },
});

function factsOf(bytes: Uint8Array): unknown {
  const { key_value_metadata: texts } = parquetMetadata(Uint8Array.from(bytes).buffer);
  return JSON.parse(texts!.find(({ key }) => key === 'cubelake.edge')!.value!);
}

async function partsOf(spool: Spool, kind: string): Promise<Uint8Array[]> {
  return Promise.all(
    spool
      .next(1000)
      .filter((entry) => entry.kind === kind)
      .map((entry) => spool.read(entry)),
  );
}

/** Noise, so that parts have different bytes and no dictionary makes them all fit one. */
const noisy: SmallCubeOptions = {
  lineCount: 250,
  count: (line, band, sample) => 500 + ((line * 7919 + band * 104_729 + sample * 1_299_709) % 1500),
};

describe('a captured granule', () => {
  it('becomes cells that say of themselves all that a reader needs', async () => {
    const spool = await make({ raw: await rawOf(), disk: emptyDisk() });
    const [cells, ...others] = await partsOf(spool, 'cells');
    expect(others).toEqual([]);
    expect(cellFactsSchema.parse(factsOf(cells!))).toEqual({
      granule_key: granuleKey,
      device: 'tractor-1',
      mode: 'cells',
      acquired_at: '2026-07-01T10:00:00.000Z',
      sensor_id: 'toy',
      georeference: {
        crs: expect.stringContaining('+proj=utm +zone=32'),
        transform: [1, 0, 600_000, 0, -1, 5_300_000],
      },
      line_count: lineCount,
      sample_count: sampleCount,
      cell_size: 2,
      reflectance_precision: 2e-4,
      index_precision: 1e-4,
      ndvi_min: null,
      bands_used: expect.objectContaining({ ndvi: 'R800=800.0;R670=670.0' }),
    });
    const rows = await parquetReadObjects(decode(cells!));
    expect(rows.reduce((sum, row) => sum + (row['pixel_count'] as number), 0)).toBe(lineCount * sampleCount);
  });

  it('becomes the rows of gold.plot_index that the cloud makes of it, but for the processing', async () => {
    const raw = memoryObjectStore();
    const warehouse = memoryObjectStore();
    const granule = await putSmallCube(raw);
    const payload = cubePayload({ openHdf5, tilePool: sequentialTilePool({ raw, warehouse, openHdf5 }) });
    const context = { raw, warehouse, source: 'raw' as const, progress: silentProgress, step: () => {} };
    const staged = (await payload.process(granule, context)).tables.find(({ table }) => table === 'gold.plot_index')!;
    const { bytes: inCloud } = await warehouse.get(staged.data_files[0]!.path.slice(warehouse.rootUri.length + 1));
    const spool = await make({ raw, disk: emptyDisk() });
    const [inField] = await partsOf(spool, 'plots');
    const wanted = await parquetReadObjects(decode(inCloud));
    const processing_id = edgeProcessingId(granuleKey);
    expect(await parquetReadObjects(decode(inField!))).toEqual(wanted.map((row) => ({ ...row, processing_id })));
    expect(plotFactsSchema.parse(factsOf(inField!))).toEqual({
      granule_key: granuleKey,
      device: 'tractor-1',
      mode: 'plots',
    });
    const { schema } = parquetMetadata(Uint8Array.from(inField!).buffer);
    expect(schema.slice(1).map(({ name, field_id: id }) => [id, name])).toEqual(
      goldPlotIndex.columns.map(({ id, name }) => [id, name]),
    );
  });

  it('gets a picture of its NDVI, a pixel for each of its own, which is never sent', async () => {
    const spool = await make({ raw: await rawOf(), disk: emptyDisk() });
    const png = Buffer.from(await spool.read(spool.quicklookOf(granuleKey)!));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([sampleCount, lineCount]);
    const data = png.indexOf('IDAT');
    const pixels = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)));
    // The upper half is canopy (NDVI .85), the lower soil (.2): green, then sand, each behind the row's filter byte.
    const colour = (line: number): number[] => [...pixels.subarray(line * (1 + sampleCount * 3) + 1).subarray(0, 3)];
    expect(colour(0)[1]).toBeGreaterThan(colour(0)[0]!);
    expect(colour(lineCount - 1)[0]).toBeGreaterThan(colour(lineCount - 1)[2]!);
    expect(spool.next(100).map(({ kind }) => kind)).toEqual(['cells', 'plots']);
  });

  it('says what its product came to', async () => {
    const disk = emptyDisk();
    const spool = await make({ raw: await rawOf(), disk });
    const record = disk.captures.get(granuleKey)!;
    expect(record).toMatchObject({ state: 'made', reason: null, rawState: 'local' });
    const report = granuleReportSchema.parse(JSON.parse(record.report!));
    // 6 x 35 cells; plots p1 (lines 2 to 30) and p2 (37 to 65) leave off samples 0 and 11, and p2 half a cell at both ends.
    const rowCount = 6 * 35 + 2 * 14 + (6 + 2 * 13 + 6);
    const sizeBytes = spool.next(10).reduce((sum, entry) => sum + entry.sizeBytes, 0);
    expect(report).toMatchObject({ part_count: 2, size_bytes: sizeBytes, row_count: rowCount, method: 'dark-white' });
    // Half .46 / .54, half .2
    expect(report.ndvi_mean).toBeCloseTo((0.46 / 0.54 + 0.2) / 2, 4);
    expect(report.ndvi_rmse).toBeLessThan(1e-4);
    expect(report.compression_ratio).toBeCloseTo((lineCount * sampleCount * 3 * 2) / sizeBytes, 9);
  });

  it('that is cut off before any change, or after it, is made again with the same parts, and sends none before it is made', async () => {
    const raw = await rawOf(noisy);
    const settings = { cellSize: 1, partBytesMax: 8 * 1024 };
    let changeCount = 0;
    const calm = emptyDisk();
    const spool = await make({ raw, disk: watchedDisk(calm, () => void changeCount++), settings });
    const wanted = spool.next(1000).map(({ contentId, kind }) => `${kind} ${contentId}`);
    expect(wanted.length).toBeGreaterThan(3);
    for (let cutAt = 0; cutAt < changeCount; cutAt++) {
      for (const isAfter of [false, true]) {
        const disk = emptyDisk();
        let at = 0;
        const cut = (): void => {
          if (at++ >= cutAt) throw new Error('power cut');
        };
        const failing = isAfter ? watchedDisk(disk, () => {}, cut) : watchedDisk(disk, cut);
        await expect(make({ raw, disk: failing, settings })).rejects.toThrow('power cut');
        const state = disk.captures.get(granuleKey)?.state;
        const rest = await Spool.open({ ...disk, budgetBytes: 1e9 });
        if (state !== 'made') {
          expect(rest.next(1000)).toEqual([]);
          await make({ raw, disk, settings });
        }
        const again = await Spool.open({ ...disk, budgetBytes: 1e9 });
        expect(again.next(1000).map(({ contentId, kind }) => `${kind} ${contentId}`)).toEqual(wanted);
        for (const entry of again.next(1000)) {
          expect(
            createHash('sha256')
              .update(await again.read(entry))
              .digest('hex'),
          ).toBe(entry.contentId);
        }
        expect(await keysOf(disk.payloads)).toHaveLength(again.ofGranule(granuleKey).length);
      }
    }
  });

  it('that the spool has no room for leaves nothing that would be sent', async () => {
    const disk = emptyDisk();
    await expect(make({ raw: await rawOf(), disk, budgetBytes: 3000 })).rejects.toThrow(TemporaryError);
    const spool = await Spool.open({ ...disk, budgetBytes: 3000 });
    expect(spool.next(10)).toEqual([]);
    expect(disk.captures.get(granuleKey)!.state).toBe('captured');
  });

  it.each([
    ['without any value', { count: () => 65_535 }, {}, CalibrationError, /only fill values/],
    ['without vegetation', {}, { ndviMin: 0.99 }, CalibrationError, /lower --ndvi-min/],
    [
      'whose plots are elsewhere',
      { capture: { georeference: { epsg: 32_632, transform: [1, 0, 1e5, 0, -1, 1e6] } } },
      {},
      GeometryError,
      /plots inside the cube/,
    ],
    ['with parts too small for their own description', {}, { partBytesMax: 1024 }, FormatError, /Give a --part-kib/],
  ] as const)('%s is refused in words', async (_, options, settings, kind, words) => {
    const made = make({ raw: await rawOf(options as SmallCubeOptions), disk: emptyDisk(), settings });
    await expect(made).rejects.toThrow(kind);
    await expect(made).rejects.toThrow(words);
  });

  it('of fewer lines than a cell is one row of cells', async () => {
    const disk = emptyDisk();
    await make({ raw: await rawOf(), disk, settings: { cellSize: 1000 } });
    // Without a plot, and in each of the two.
    expect(JSON.parse(disk.captures.get(granuleKey)!.report!)).toMatchObject({ row_count: 3 });
  });
});

describe('cells of a wide cube', () => {
  it('whose strip fits no memory are refused before it is asked for, with the size that fits', () => {
    const header = { lineCount: 20_000, sampleCount: 1600, bandCount: 400, sampleType: 'uint16' } as CubeHeader;
    expect(() => edgeGridOf(header, 1000, 'wide')).toThrow(
      /got 1280000000 \(wide, cell size 1000\)\. Give a --cell-size of at most 209\./,
    );
    expect(edgeGridOf(header, 209, 'wide').tileLineCount).toBe(209);
    expect(edgeGridOf(header, 8, 'wide').tileLineCount).toBe(8);
  });
});
