import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeRowGroup, rowGroupScratch } from '#core/formats/parquet/encode-row-group.ts';
import { ParquetFileFacts, parquetMagic } from '#core/formats/parquet/parquet-file.ts';
import { compareEdgeCube } from '#core/pipeline/cube/compare-edge-cube.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { bandColumns } from '#schemas/band-column.ts';
import { partFactsKey } from '#schemas/edge-messages.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';

const [r0550, r0670, r0800] = bandColumns([550, 670, 800]) as ColumnDefinition[];
const keys = ['line', 'sample', 'plot_id', 'pixel_count'].map(
  (name) => silverReflectance.columns.find((column) => column.name === name)!,
);
const columns = [...keys, r0550!, r0670!, r0800!];
const ints = (values: readonly number[]): ColumnValues => ({
  kind: 'int32',
  values: Int32Array.from(values),
  validMask: null,
});
const packed = (values: readonly number[]): ColumnValues => ({ kind: 'packed', values: Int16Array.from(values) });

async function write(
  warehouse: ObjectStore,
  name: string,
  groups: readonly (readonly ColumnValues[])[],
  said: Record<string, string> = {},
): Promise<DataFile> {
  const facts = new ParquetFileFacts(columns);
  const pieces: Uint8Array[] = [parquetMagic];
  for (const values of groups) {
    const first = values[0]! as { values: Int32Array };
    const group = encodeRowGroup(columns, values, first.values.length, rowGroupScratch());
    pieces.push(group.bytes);
    facts.add(group);
  }
  const bytes = Buffer.concat([...pieces, facts.footer(said)]);
  await warehouse.put(name, bytes);
  return facts.dataFile(`${warehouse.rootUri}/${name}`, {}, bytes.length);
}

/** Pixels of 2 lines and 4 samples from `lineStart`, all of one reflectance but for 100 more in every second sample. */
function pixels(lineStart: number, value: number): ColumnValues[] {
  const at = Array.from({ length: 8 }, (_, pixel) => pixel);
  const values = packed(at.map((pixel) => value + 100 * (pixel % 2)));
  return [
    ints(at.map((pixel) => lineStart + Math.floor(pixel / 4))),
    ints(at.map((pixel) => pixel % 4)),
    { kind: 'constant', value: null },
    ints(at.map(() => 1)),
    values,
    values,
    values,
  ];
}

/** The same as two cells of 2 x 2 pixels. */
function cells(lineStart: number, mean: number): ColumnValues[] {
  const values = packed([mean, mean]);
  const plot: ColumnValues = { kind: 'constant', value: null };
  return [ints([lineStart, lineStart]), ints([0, 2]), plot, ints([4, 4]), values, values, values];
}

const cellsOfTwo = { [partFactsKey]: JSON.stringify({ cell_size: 2 }) };

describe('the comparison of field and cloud', () => {
  const compare = async (edgeGroups: ColumnValues[][], said = cellsOfTwo as Record<string, string>) => {
    const warehouse = memoryObjectStore('lake');
    const edge = await write(warehouse, 'edge.parquet', edgeGroups, said);
    const cloud = await write(warehouse, 'cloud.parquet', [pixels(0, 1000), pixels(2, 3000)]);
    return compareEdgeCube({ 'silver.reflectance': [edge] }, { 'silver.reflectance': [cloud] }, warehouse);
  };

  it('finds cells that are the means of their pixels', async () => {
    const { cells: differences, cells_skipped, beyond } = await compare([cells(0, 1050), cells(2, 3050)]);
    expect(differences.map(({ name, count }) => [name, count])).toEqual([
      ['r0550', 4],
      ['r0670', 4],
      ['r0800', 4],
    ]);
    for (const { max_absolute } of differences) expect(max_absolute).toBeLessThan(1e-6);
    expect(cells_skipped).toBeNull();
    expect(beyond).toEqual([]);
  });

  it('names what is beyond tolerance, and compares no cell that lacks pixels', async () => {
    const { cells: differences, beyond } = await compare([cells(0, 1150), cells(4, 1050)]);
    expect(differences[0]).toMatchObject({ name: 'r0550', count: 2 });
    expect(differences[0]!.max_absolute).toBeCloseTo(0.01, 6);
    expect(beyond).toEqual(['r0550', 'r0670', 'r0800'].map((name) => `${name}: 0.010 where 0.005 is tolerated`));
  });

  it('says why it compares no cells', async () => {
    expect((await compare([cells(0, 1050)], {})).cells_skipped).toBe(
      'The files of the field do not say how large their cells are.',
    );
    expect((await compare([cells(8, 1050)])).cells_skipped).toContain('No cell has all of its pixels');
  });
});
