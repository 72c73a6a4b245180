import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import type { ParquetColumn } from '#core/formats/parquet/parquet-column.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import type { ColumnType } from '#schemas/table-definition.ts';

// The expected values come from hyparquet, which did not write the file.

function column(name: string, type: ColumnType, required = false): ParquetColumn {
  return { id: name.length + 10, name, type, required, metrics: 'full' };
}

async function readBack(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const file = Uint8Array.from(bytes).buffer;
  return parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) } });
}

async function columnReadBack(type: ColumnType, values: ColumnValues, rowCount: number): Promise<unknown[]> {
  const { bytes } = encodeParquet([column('value', type)], [values], rowCount);
  return (await readBack(bytes)).map((row) => row['value'] ?? null);
}

describe('encodeParquet', () => {
  it('writes every kind of column so that another reader gets the same rows', async () => {
    const columns = [
      column('farm', 'string', true),
      column('day', 'date', true),
      column('plot', 'string'),
      column('ok', 'boolean'),
    ];
    const { bytes } = encodeParquet(
      columns,
      [
        { kind: 'constant', value: 'höf' },
        { kind: 'int32', values: Int32Array.of(-1, 0, 20_000), validMask: null },
        { kind: 'strings', values: ['a', null, 'a'] },
        { kind: 'booleans', values: [true, null, false] },
      ],
      3,
    );
    const rows = await readBack(bytes);
    expect(rows.map((row) => (row['day'] as Date).toISOString().slice(0, 10))).toEqual([
      '1969-12-31',
      '1970-01-01',
      '2024-10-04',
    ]);
    expect(rows.map((row) => [row['farm'], row['plot'] ?? null, row['ok'] ?? null])).toEqual([
      ['höf', 'a', true],
      ['höf', null, null],
      ['höf', 'a', false],
    ]);
  });

  it('gives each column its field id', () => {
    const { bytes } = encodeParquet(
      [{ ...column('r0670', 'float'), id: 16_700 }],
      [{ kind: 'constant', value: null }],
      2,
    );
    const metadata = parquetMetadata(Uint8Array.from(bytes).buffer);
    expect(metadata.schema[1]).toMatchObject({ name: 'r0670', field_id: 16_700 });
  });

  it('round-trips any packed reflectance, missing values as NULL', async () => {
    const values = fc.oneof(
      fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 300 }),
      fc.array(fc.constantFrom(-32_768, 0, 1, 2), { minLength: 1, maxLength: 300 }),
      fc.array(fc.constant(4321), { minLength: 1, maxLength: 300 }),
    );
    await fc.assert(
      fc.asyncProperty(values, async (packed) => {
        const read = await columnReadBack('float', { kind: 'packed', values: Int16Array.from(packed) }, packed.length);
        expect(read).toEqual(packed.map((value) => (value === -32_768 ? null : Math.fround(value / 10_000))));
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it('round-trips a band with a large dictionary at every bit width', async () => {
    for (const distinctCount of [2, 3, 17, 255, 1025, 9000]) {
      const packed = Int16Array.from({ length: 20_000 }, (_, row) => (row * 7919) % distinctCount);
      const read = await columnReadBack('float', { kind: 'packed', values: packed }, packed.length);
      expect(read).toEqual(Array.from(packed, (value) => Math.fround(value / 10_000)));
    }
  });

  it('round-trips integers, with runs and without', async () => {
    const runs = fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: 1, max: 40 })), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(runs, fc.boolean(), async (parts, isSparse) => {
        const numbers = parts.flatMap(([value, count]) => new Array<number>(count).fill(value));
        const validMask = isSparse ? Uint8Array.from(numbers, (_, row) => (row % 3 === 0 ? 0 : 1)) : null;
        const read = await columnReadBack(
          'int',
          { kind: 'int32', values: Int32Array.from(numbers), validMask },
          numbers.length,
        );
        expect(read).toEqual(numbers.map((value, row) => (validMask?.[row] === 0 ? null : value)));
      }),
      { seed: 2, numRuns: 150 },
    );
  });

  it('round-trips doubles with NaN as NULL, and 64-bit integers beyond 2^53', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noDefaultInfinity: true }), { minLength: 1, maxLength: 200 }),
        async (numbers) => {
          const read = await columnReadBack(
            'double',
            { kind: 'float64', values: Float64Array.from(numbers) },
            numbers.length,
          );
          expect(read.map(Number.isNaN)).not.toContain(true);
          numbers.forEach((value, row) => {
            // -0 and 0 are one number in the dictionary.
            expect(read[row] === value || (Number.isNaN(value) && read[row] === null)).toBe(true);
          });
        },
      ),
      { seed: 3, numRuns: 100 },
    );
    const long = BigInt64Array.of(9_007_199_254_740_993n, -(2n ** 63n), 2n ** 63n - 1n);
    expect(await columnReadBack('long', { kind: 'int64', values: long, validMask: null }, 3)).toEqual([...long]);
  });

  it('keeps bounds and counts for Iceberg, over several values and NULL', () => {
    const { bytes, facts } = encodeParquet(
      [column('int_column', 'int'), column('text', 'string'), { ...column('band', 'float'), metrics: 'none' }],
      [
        { kind: 'int32', values: Int32Array.of(5, -7, 3), validMask: Uint8Array.of(1, 1, 0) },
        { kind: 'strings', values: ['b', 'ä', null] },
        { kind: 'packed', values: Int16Array.of(1, 2, 3) },
      ],
      3,
    );
    const file = facts.dataFile('file:///x.parquet', {}, bytes.length);
    expect(file.recordCount).toBe(3);
    expect(file.nullValueCounts).toEqual({ '20': 1, '14': 1 });
    expect(Buffer.from(file.lowerBounds['20']!, 'base64').readInt32LE()).toBe(-7);
    expect(Buffer.from(file.upperBounds['20']!, 'base64').readInt32LE()).toBe(5);
    expect(Buffer.from(file.upperBounds['14']!, 'base64').toString()).toBe('ä');
    expect(Object.keys(file.columnSizes)).toEqual(['14', '20']);
  });

  it('refuses NULL in a required column', () => {
    const columns = [column('must', 'int', true)];
    expect(() =>
      encodeParquet(columns, [{ kind: 'int32', values: Int32Array.of(1, 2), validMask: Uint8Array.of(1, 0) }], 2),
    ).toThrow(/no NULL in required column must/);
  });
});
