import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeRowGroup, rowGroupScratch } from '#core/formats/parquet/encode-row-group.ts';
import { ParquetFileFacts, parquetMagic } from '#core/formats/parquet/parquet-file.ts';
import { compareEdgeCube } from '#core/pipeline/cube/compare-edge-cube.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { quality } from '#core/radiometry/quality.ts';
import { bandColumns } from '#schemas/band-column.ts';
import { cellFactColumns, indexColumns } from '#schemas/edge-columns.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';

const bands = bandColumns([550, 670, 800]) as ColumnDefinition[];
const beforeId = 'e'.repeat(32);
const keys = ['processing_id', 'line', 'sample', 'plot_id', 'quality', 'pixel_count'].map(
  (name) => silverReflectance.columns.find((column) => column.name === name)!,
);
const cloudColumns = [...keys, ...bands];
const [ndviCount, ndviMean] = indexColumns('ndvi', 0);
const edgeColumns = [...keys, ndviCount, ndviMean, ...bands, ...cellFactColumns];
const ints = (values: readonly number[]): ColumnValues => ({
  kind: 'int32',
  values: Int32Array.from(values),
  validMask: null,
});
const packed = (values: readonly number[]): ColumnValues => ({ kind: 'packed', values: Int16Array.from(values) });
const noPlot: ColumnValues = { kind: 'constant', value: null };

async function write(
  warehouse: ObjectStore,
  name: string,
  columns: readonly ColumnDefinition[],
  groups: readonly (readonly ColumnValues[])[],
): Promise<DataFile> {
  const facts = new ParquetFileFacts(columns);
  const pieces: Uint8Array[] = [parquetMagic];
  for (const values of groups) {
    const first = values[1]! as { values: Int32Array };
    const group = encodeRowGroup(columns, values, first.values.length, rowGroupScratch());
    pieces.push(group.bytes.slice());
    facts.add(group);
  }
  const bytes = Buffer.concat([...pieces, facts.footer()]);
  await warehouse.put(name, bytes);
  return facts.dataFile(`${warehouse.rootUri}/${name}`, {}, bytes.length);
}

/** `lines` lines of 4 samples: infrared three times red and 100 ten-thousandths more in every second sample; green is red. */
function pixels(lineStart: number, red: number, lines = 2): ColumnValues[] {
  const at = Array.from({ length: 4 * lines }, (_, pixel) => pixel);
  const ofBand = (times: number) => packed(at.map((pixel) => times * red + 100 * (pixel % 2)));
  return [
    { kind: 'constant', value: 'c'.repeat(32) },
    ints(at.map((pixel) => lineStart + Math.floor(pixel / 4))),
    ints(at.map((pixel) => pixel % 4)),
    noPlot,
    ints(at.map(() => 0)),
    ints(at.map(() => 1)),
    ofBand(1),
    ofBand(1),
    ofBand(3),
  ];
}

interface Cells {
  readonly red?: number;
  /** Added to what the pixels come to. */
  readonly tooMuch?: number;
  readonly bits?: number;
}

const said = { cell_size: 2, reflectance_precision: 2e-4, index_precision: 1e-4, ndvi_min: null };

/** The same as two cells of 2 x 2 pixels. */
function cells(lineStart: number, { red = 1000, tooMuch = 0, bits = 0 }: Cells = {}): ColumnValues[] {
  const ndvi = (0.5 + (2 * red) / (4 * red + 200)) / 2;
  const ofBand = (times: number) => packed([0, 1].map(() => times * red + 50 + tooMuch));
  return [
    { kind: 'constant', value: beforeId },
    ints([lineStart, lineStart]),
    ints([0, 2]),
    noPlot,
    ints([bits, bits]),
    ints([4, 4]),
    ints([4, 4]),
    { kind: 'float64', values: Float64Array.of(ndvi, ndvi) },
    ofBand(1),
    ofBand(1),
    ofBand(3),
    ...Object.values(said).map((value) => ({ kind: 'constant' as const, value })),
  ];
}

/** The same cells, saying that they were rounded so. */
const saying = (facts: object, cellValues: readonly ColumnValues[]): ColumnValues[] => [
  ...cellValues.slice(0, -cellFactColumns.length),
  ...Object.values({ ...said, ...facts }).map((value) => ({ kind: 'constant' as const, value })),
];

/** Rows of another granule in the same file. */
const ofAnother = ([, ...others]: readonly ColumnValues[]): ColumnValues[] => [
  { kind: 'constant', value: 'f'.repeat(32) },
  ...others,
];

describe('the comparison of field and cloud', () => {
  async function compare(
    edgeGroups: ColumnValues[][],
    { cloudGroups = [pixels(0, 1000), pixels(2, 3000)], rowGroupCountMax = 16 } = {},
  ) {
    const warehouse = memoryObjectStore('lake');
    const edge = await write(warehouse, 'edge.parquet', edgeColumns, edgeGroups);
    const cloud = await write(warehouse, 'cloud.parquet', cloudColumns, cloudGroups);
    const [before, after] = [{ 'silver.reflectance': [edge] }, { 'silver.reflectance': [cloud] }];
    return compareEdgeCube({ before, beforeId, after, warehouse, rowGroupCountMax });
  }

  it('finds cells that are the means of their pixels', async () => {
    const found = await compare([cells(0), cells(2, { red: 3000 })]);
    expect(found.cells.map(({ name, count }) => [name, count])).toEqual([
      ['r0550', 4],
      ['r0670', 4],
      ['r0800', 4],
      ['ndvi_mean', 4],
    ]);
    for (const { max_absolute } of found.cells) expect(max_absolute).toBeLessThan(1e-6);
    expect(found).toMatchObject({ cells_skipped: null, plots_skipped: 'There are no plots of both.', beyond: [] });
    expect(found.cell_facts).toEqual(said);
  });

  it('names what is beyond tolerance, and compares no cell that lacks pixels', async () => {
    const { cells: differences, beyond } = await compare([cells(0, { tooMuch: 100 }), cells(4)]);
    expect(differences[0]).toMatchObject({ name: 'r0550', count: 2 });
    expect(differences[0]!.max_absolute).toBeCloseTo(0.01, 6);
    expect(beyond).toEqual(['r0550', 'r0670', 'r0800'].map((name) => `${name}: 0.010 where 0.005 is tolerated`));
  });

  it('says how far apart field and cloud are: on average, as root mean square, at most', async () => {
    const { cells: differences } = await compare([cells(0, { tooMuch: 100 }), cells(2, { red: 3000 })]);
    expect(differences.find(({ name }) => name === 'r0670')).toMatchObject({
      count: 4,
      mean_absolute: expect.closeTo(0.005, 6),
      root_mean_square: expect.closeTo(0.01 * Math.SQRT1_2, 6),
      max_absolute: expect.closeTo(0.01, 6),
    });
  });

  it('alarms nobody of what the field was told to round', async () => {
    const coarse = saying({ reflectance_precision: 0.02 }, cells(0, { tooMuch: 100 }));
    expect((await compare([coarse])).beyond).toEqual([]);
  });

  it('leaves out cells with saturated pixels, whose values the cloud keeps and the field does not', async () => {
    const found = await compare([cells(0, { tooMuch: 100, bits: quality.saturated }), cells(2, { red: 3000 })]);
    expect(found.beyond).toEqual([]);
    expect(found.cells[0]).toMatchObject({ count: 2 });
    const { cells_skipped } = await compare([cells(0, { bits: quality.lowReference })]);
    expect(cells_skipped).toBe('Every cell has saturated pixels or lost references.');
  });

  it('reads a few row groups of many, adjacent ones where a cell is higher than a row group', async () => {
    const lines = Array.from({ length: 40 }, (_, line) => line);
    const cloudGroups = lines.map((line) => pixels(line, 1000, 1));
    const edgeGroups = lines.filter((line) => line % 2 === 0).map((line) => cells(line));
    const found = await compare(edgeGroups, { cloudGroups, rowGroupCountMax: 12 });
    // Four runs of three lines: each holds one whole cell of two lines, two cells beside each other.
    expect(found.cells[0]).toMatchObject({ count: 8, max_absolute: expect.closeTo(0, 6) });
    expect((await compare(edgeGroups, { cloudGroups, rowGroupCountMax: 1 })).cells_skipped).toContain(
      'No cell has all',
    );
  });

  it('says why it compares nothing, whatever the files are', async () => {
    const sentence = 'The rows of the field do not say alike how large their cells are.';
    const silent = saying({ cell_size: null }, cells(0));
    const other = saying({ cell_size: 4 }, cells(2));
    expect((await compare([silent])).cells_skipped).toBe(sentence);
    expect((await compare([cells(0), other])).cells_skipped).toBe(sentence);
    expect((await compare([cells(0), ofAnother(other)])).cells[0]).toMatchObject({ count: 2 });
    expect((await compare([cells(8)])).cells_skipped).toContain('No cell has all of its pixels');
    const warehouse = memoryObjectStore('lake');
    const edge = await write(warehouse, 'edge.parquet', edgeColumns, [cells(0)]);
    await warehouse.put('broken.parquet', Buffer.from('PAR1 of no one'));
    const broken = { ...edge, path: `${warehouse.rootUri}/broken.parquet` };
    const expired = { ...edge, path: `${warehouse.rootUri}/expired.parquet` };
    for (const file of [broken, expired]) {
      const files = { 'silver.reflectance': [file], 'gold.plot_index': [file] };
      const found = await compareEdgeCube({ before: files, beforeId, after: files, warehouse, rowGroupCountMax: 16 });
      expect(found).toMatchObject({ plots: [], cells: [], beyond: [] });
      expect(found.plots_skipped).toMatch(/Expected|parquet/i);
      expect(found.cells_skipped).toMatch(/Expected|parquet/i);
    }
  });
});
