import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { CubelakeError, FormatError } from '#core/errors.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import type { ParquetColumn } from '#core/formats/parquet/parquet-column.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { readExactRows } from '#core/formats/parquet/read-exact-rows.ts';
import { readFooter } from '#core/formats/parquet/read-footer.ts';
import { columnsOfRows } from '#core/formats/parquet/row-columns.ts';
import type { ColumnType } from '#schemas/table-definition.ts';

const types: ColumnType[] = ['string', 'date', 'timestamptz', 'long', 'int', 'double', 'boolean', 'float'];
const columns: ParquetColumn[] = types.map((type, index) => ({
  id: index + 1,
  name: `c_${type}`,
  type,
  required: type === 'long',
  metrics: 'full',
}));

const row = fc.tuple(
  fc.option(fc.string({ unit: 'grapheme', maxLength: 8 })),
  fc.option(fc.integer({ min: -100_000, max: 100_000 })),
  fc.option(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })),
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
  fc.option(fc.integer()),
  fc.option(fc.double({ noNaN: true })),
  fc.option(fc.boolean()),
  fc.option(fc.integer({ min: -32_767, max: 32_767 })),
);
type Cells = ReturnType<typeof row.generate>['value'];

/** The values as the writer takes them, made without the code under test. */
function valuesOf(rows: readonly Cells[]): ColumnValues[] {
  const mask = (position: number) =>
    rows.every((cells) => cells[position] !== null)
      ? null
      : Uint8Array.from(rows, (cells) => (cells[position] === null ? 0 : 1));
  const int64 = (position: 2 | 3): ColumnValues => ({
    kind: 'int64',
    values: BigInt64Array.from(rows, (cells) => cells[position] ?? 0n),
    validMask: mask(position),
  });
  const int32 = (position: 1 | 4): ColumnValues => ({
    kind: 'int32',
    values: Int32Array.from(rows, (cells) => cells[position] ?? 0),
    validMask: mask(position),
  });
  return [
    { kind: 'strings', values: rows.map((cells) => cells[0]) },
    int32(1),
    int64(2),
    { ...int64(3), validMask: null } as ColumnValues,
    int32(4),
    { kind: 'float64', values: Float64Array.from(rows, (cells) => cells[5] ?? Number.NaN) },
    { kind: 'booleans', values: rows.map((cells) => cells[6]) },
    { kind: 'packed', values: Int16Array.from(rows, (cells) => cells[7] ?? -32_768) },
  ];
}

describe('a file that is read to be written again', () => {
  it('gives the same bytes when all its rows are written again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const { bytes } = encodeParquet(columns, valuesOf(rows), rows.length);
        const source = memoryByteSource('x', bytes);
        const footer = (await readFooter(source))!;
        expect(footer.columns).toEqual(columns.map(({ metrics: _metrics, ...column }) => column));
        const again = columnsOfRows(footer.columns, await readExactRows(source, footer))!;
        expect(Buffer.from(encodeParquet(columns, again, rows.length).bytes).equals(Buffer.from(bytes))).toBe(true);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it('gives facts of its row groups that are those of the writer', async () => {
    const rows = fc.sample(row, { seed: 3, numRuns: 30 });
    const { bytes, facts } = encodeParquet(columns, valuesOf(rows), rows.length);
    const { rowGroups } = (await readFooter(memoryByteSource('x', bytes)))!;
    const copy = new (facts.constructor as new (of: typeof columns) => typeof facts)(columns);
    for (const group of rowGroups) copy.add({ ...group, bytes: new Uint8Array(group.sizeBytes) });
    expect(Buffer.from(copy.footer())).toEqual(Buffer.from(facts.footer()));
    expect(copy.dataFile('p', {}, bytes.length)).toEqual(facts.dataFile('p', {}, bytes.length));
  });

  it('is refused by name when its footer is damaged or forged, whatever the bytes', async () => {
    const rows = fc.sample(row, { seed: 5, numRuns: 20 });
    const { bytes, facts } = encodeParquet(columns, valuesOf(rows), rows.length);
    const footerStart = bytes.length - facts.footer().length;
    let refusedCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - footerStart - 1), fc.nat(255), fc.nat(3), async (at, value, cut) => {
        const forged = Uint8Array.from(bytes.subarray(0, bytes.length - (cut === 3 ? at : 0)));
        if (cut !== 3) forged[footerStart + at] = value;
        await readFooter(memoryByteSource('x', forged)).catch((error: unknown) => {
          refusedCount++;
          expect(error).toBeInstanceOf(CubelakeError);
        });
      }),
      { seed: 11, numRuns: 2000 },
    );
    expect(refusedCount).toBeGreaterThan(100);
  });

  it('of another program is not taken for ours', async () => {
    const { bytes } = encodeParquet(columns, valuesOf(fc.sample(row, { seed: 1, numRuns: 3 })), 3);
    const other = Buffer.from(
      Buffer.from(bytes).toString('latin1').replace('cubelake parquet', 'somebody parquet'),
      'latin1',
    );
    expect(await readFooter(memoryByteSource('x', other))).toBeNull();
    await expect(readFooter(memoryByteSource('x', Buffer.from('PAR1PAR1')))).rejects.toThrow(FormatError);
    for (const text of ['', 'PAR1', 'a text that is long enough']) {
      const read = readFooter(memoryByteSource('x', Buffer.from(text)));
      await expect(read).rejects.toThrow('Expected a Parquet file, which ends with PAR1, got another one (x).');
    }
  });

  it('keeps floats that are no multiples of 0.0001, NaN beside NULL, and the sign of zero', async () => {
    const cells = [null, Number.NaN, -0, 0, Math.fround(0.12345), 4, Number.POSITIVE_INFINITY];
    for (const type of ['float', 'double'] as const) {
      const column = { id: 1, name: 'r0670', type, required: false, metrics: 'full' } as const;
      const rows = cells.map((cell) => ({ r0670: cell }));
      const { bytes, facts } = encodeParquet([column], columnsOfRows([column], rows), rows.length);
      const source = memoryByteSource('x', bytes);
      const read = await readExactRows(source, (await readFooter(source))!);
      expect(read.map((row) => row['r0670'])).toEqual(cells);
      // A planner must not take bounds for those of all values, nor believe that there is no NaN.
      const { nullValueCounts, nanValueCounts, lowerBounds } = facts.dataFile('p', {}, bytes.length);
      expect({ nullValueCounts, nanValueCounts, lowerBounds }).toEqual({
        nullValueCounts: { 1: 1 },
        nanValueCounts: {},
        lowerBounds: {},
      });
    }
    const float = { id: 1, name: 'r0670', type: 'float', required: false } as const;
    expect(columnsOfRows([float], [{ r0670: Math.fround(0.1234) }])).toMatchObject([{ kind: 'packed' }]);
  });

  it('keeps more texts than a dictionary holds', async () => {
    const column = { id: 1, name: 'text', type: 'string', required: false, metrics: 'full' } as const;
    const rows = Array.from({ length: 70_000 }, (_, row) => ({ text: row === 5 ? null : `text ${row}` }));
    const { bytes, facts } = encodeParquet([column], columnsOfRows([column], rows), rows.length);
    const source = memoryByteSource('x', bytes);
    expect(await readExactRows(source, (await readFooter(source))!)).toEqual(rows);
    const { lowerBounds, upperBounds } = facts.dataFile('p', {}, bytes.length);
    const bounds = [lowerBounds[1]!, upperBounds[1]!].map((bound) => Buffer.from(bound, 'base64').toString());
    expect(bounds).toEqual(['text 0', 'text 9999']);
  });
});
