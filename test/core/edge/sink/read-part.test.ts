import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { edgeProcessingId } from '#core/edge/edge-processing.ts';
import { defaultEdgeSettings } from '#core/edge/edge-product.ts';
import { makeGranule } from '#core/edge/make-granule.ts';
import { decodePart } from '#core/edge/sink/decode-part.ts';
import { type CellsPart, stageCells } from '#core/edge/sink/stage-parts.ts';
import { Spool } from '#core/edge/spool.ts';
import { CubelakeError } from '#core/errors.ts';
import type { LogRecord } from '#core/ports/part-log.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { RandomStream } from '#core/simulation/random-stream.ts';
import { type CellFacts, partMediaType, partTypes } from '#schemas/edge-messages.ts';
import { cellsPart, granuleKeyOf, plotsPart } from '../../../sink-simulation/small-parts.ts';
import { granuleKey, putSmallCube, sampleCount } from '../../pipeline/small-cube.ts';
import { emptyDisk } from '../cut-off-disk.ts';

interface Sent {
  readonly bytes: Uint8Array;
  readonly kind: 'cells' | 'plots';
  readonly subject: string;
}

/** As Kafka's client gives it: a Buffer in the middle of a larger one, aligned to nothing. */
function recordOf({ bytes, kind, subject }: Sent): LogRecord {
  const id = createHash('sha256').update(bytes).digest('hex');
  const attributes = { ce_specversion: '1.0', ce_id: id, ce_source: 'tractor-1', ce_type: partTypes[kind] };
  return {
    partition: 0,
    offset: 5n,
    key: subject,
    headers: { ...attributes, ce_subject: subject, 'content-type': partMediaType },
    value: Buffer.concat([Buffer.alloc(7), bytes]).subarray(7),
  };
}

/** Cells reach beyond the cube at both of its far edges. */
const [fieldLineCount, cellSize] = [1251, 5];

/** Of the pixels from `first` on that are in one cell, along a side of the cube: the mean of their centres. */
function meanPlace(first: number, count: number): number {
  const centres = Array.from({ length: Math.min(cellSize, count - first) }, (_, at) => first + at + 0.5);
  return centres.reduce((sum, centre) => sum + centre, 0) / centres.length;
}

async function fieldParts(): Promise<Sent[]> {
  const raw = memoryObjectStore();
  // Noise, so that no dictionary makes columns small: all encodings of the writer occur.
  await putSmallCube(raw, {
    lineCount: fieldLineCount,
    count: (line, band, sample) => 500 + ((line * 7919 + band * 104_729 + sample * 1_299_709) % 1500),
  });
  const disk = emptyDisk();
  const spool = await Spool.open({ ...disk, budgetBytes: 1e9 });
  disk.captures.add(granuleKey, 1);
  await makeGranule(granuleKey, {
    raw,
    spool,
    captures: disk.captures,
    openHdf5: () => {
      throw new Error('no HDF5 here');
    },
    deviceId: 'tractor-1',
    settings: { ...defaultEdgeSettings, cellSize, partBytesMax: 20_000 },
    progress: silentProgress,
    betweenTiles: () => Promise.resolve(),
  });
  const entries = spool.next(1000).filter(({ kind }) => kind !== 'preview');
  return Promise.all(
    entries.map(async (entry) => ({
      bytes: await spool.read(entry),
      kind: entry.kind as Sent['kind'],
      subject: granuleKey,
    })),
  );
}

const rowsOf = (bytes: Uint8Array): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({
    file: Uint8Array.from(bytes).buffer,
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
  });

describe('a part of a field machine', () => {
  it('becomes rows whose values are its numbers times their precision', async () => {
    const parts = (await fieldParts()).filter(({ kind }) => kind === 'cells');
    expect(parts.length).toBeGreaterThan(0);
    for (const sent of parts) {
      const decoded = (await decodePart(recordOf(sent))) as CellsPart;
      const warehouse = memoryObjectStore();
      const { file, extraColumns } = await stageCells(warehouse, [decoded]);
      const stored = await rowsOf((await warehouse.get(file.path.slice(warehouse.rootUri.length + 1))).bytes);
      const numbers = await rowsOf(sent.bytes);
      expect(extraColumns.map(({ name }) => name)).toEqual(expect.arrayContaining(['part_id', 'ndvi_mean', 'r0670']));
      expect(stored).toHaveLength(numbers.length);
      for (const [at, row] of stored.entries()) {
        const wanted = numbers[at]!;
        for (const name of ['line', 'sample', 'quality', 'pixel_count', 'plot_id', 'ndvi_count'])
          expect(row[name]).toEqual(wanted[name]);
        for (const name of ['ndvi_mean', 'ndvi_sd'])
          expect(row[name]).toEqual(wanted[name] === null ? null : (wanted[name] as number) * 1e-4);
        for (const name of ['r0670', 'r0800', 'r1240'])
          expect(row[name]).toEqual(Math.fround(((wanted[name] as number) * 2) / 10_000));
        // 1 m pixels from (600 000, 5 300 000) on.
        expect(row['x']).toBe(600_000 + meanPlace(wanted['sample'] as number, sampleCount));
        expect(row['y']).toBe(5_300_000 - meanPlace(wanted['line'] as number, fieldLineCount));
        expect([row['origin'], row['cube_id']]).toEqual(['edge', 'c1']);
        expect(row['processing_id']).toBe(edgeProcessingId(granuleKey));
      }
    }
  });

  it('becomes rows of gold.plot_index as they are, under the name of its granule alone', async () => {
    const sent = (await fieldParts()).find(({ kind }) => kind === 'plots')!;
    const decoded = await decodePart(recordOf(sent));
    const [rows, numbers] = [decoded.kind === 'plots' ? decoded.rows : [], await rowsOf(sent.bytes)];
    expect(rows.map(({ mean, plot_id, spectral_index }) => [plot_id, spectral_index, mean])).toEqual(
      numbers.map(({ mean, plot_id, spectral_index }) => [plot_id, spectral_index, mean]),
    );
  });

  it.each<[string, (record: LogRecord) => LogRecord]>([
    ['another id', (record) => ({ ...record, headers: { ...record.headers, ce_id: '0'.repeat(64) } })],
    ['another granule', (record) => ({ ...record, headers: { ...record.headers, ce_subject: granuleKeyOf('c9') } })],
    ['another device', (record) => ({ ...record, headers: { ...record.headers, ce_source: 'tractor-2' } })],
    ['another type', (record) => ({ ...record, headers: { ...record.headers, ce_type: partTypes.plots } })],
    ['no headers', (record) => ({ ...record, headers: {} })],
    ['no bytes', (record) => ({ ...record, value: new Uint8Array(0) })],
  ])('is refused with %s', async (_, change) => {
    const { value: bytes } = cellsPart('c1', 0, 3).message;
    const record = recordOf({ bytes, kind: 'cells', subject: granuleKeyOf('c1') });
    await decodePart(record);
    await expect(decodePart(change(record))).rejects.toMatchObject({ disposition: 'quarantine' });
  });

  it.each([{ line_count: 4 }, { sample_count: 2 }])('is refused with cells beyond its cube: %o', async (said) => {
    const record = (facts: Partial<CellFacts>): LogRecord => {
      const { value: bytes } = cellsPart('c1', 2, 3, facts).message;
      return recordOf({ bytes, kind: 'cells', subject: granuleKeyOf('c1') });
    };
    await decodePart(record({ line_count: 5, sample_count: 3 }));
    await expect(decodePart(record(said))).rejects.toThrow(/^Expected at most \d in column (line|sample), got more\./);
  });

  it('with any of its bytes broken is refused or read, quickly and in little memory', { timeout: 60_000 }, async () => {
    const random = new RandomStream(1, 'broken parts');
    const samples: Sent[] = [
      { bytes: cellsPart('c1', 0, 40).message.value, kind: 'cells', subject: granuleKeyOf('c1') },
      { bytes: plotsPart('c1', 'p1', 0.5).message.value, kind: 'plots', subject: granuleKeyOf('c1') },
      ...(await fieldParts()).slice(0, 1),
    ];
    let refusedCount = 0;
    const roundCount = 3000;
    for (let round = 0; round < roundCount; round++) {
      const sent = samples[round % samples.length]!;
      const broken = Uint8Array.from(sent.bytes);
      for (let count = 1 + random.index(4); count > 0; count--) {
        // Half of them in the footer, where the claims are.
        const from = random.uniform() < 0.5 ? Math.max(0, broken.length - 3000) : 0;
        const at = from + random.index(broken.length - from);
        broken[at] = random.uniform() < 0.3 ? 0xff : random.index(256);
      }
      const bytes = random.uniform() < 0.1 ? broken.subarray(0, random.index(broken.length)) : broken;
      try {
        await decodePart(recordOf({ ...sent, bytes }));
      } catch (error) {
        if (!(error instanceof CubelakeError) || error.disposition !== 'quarantine') throw error;
        refusedCount++;
      }
    }
    expect(refusedCount).toBeGreaterThan(roundCount / 10);
    expect(refusedCount).toBeLessThan(roundCount);
    expect(process.memoryUsage().rss).toBeLessThan(1.5e9);
  });
});
