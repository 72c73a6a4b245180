import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Table, tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, it } from 'vitest';
import { arrowStream } from '#adapters/duckdb/arrow-stream.ts';

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
});

async function arrowOf(sql: string): Promise<Table> {
  return tableFromIPC(await arrowStream(await connection.stream(sql)));
}

const typesOf = (table: Table) =>
  Object.fromEntries(table.schema.fields.map((field) => [field.name, String(field.type)]));
const valuesOf = (table: Table, column: string) =>
  [...table.getChild(column)!].map((value) => value?.toJSON?.() ?? value);

describe('a result as an Arrow stream', () => {
  it('keeps the types of numbers, and NULL apart from zero', async () => {
    const table = await arrowOf(`SELECT * FROM (VALUES
      (1::TINYINT, 2::SMALLINT, 3::INTEGER, 9007199254740993::BIGINT, 0::FLOAT, 0.1::DOUBLE, true),
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (-1, -2, 0, -1, 'nan', 'inf', false)) v(a, b, c, d, e, f, g)`);
    expect(typesOf(table)).toEqual({
      a: 'Int8',
      b: 'Int16',
      c: 'Int32',
      d: 'Int64',
      e: 'Float32',
      f: 'Float64',
      g: 'Bool',
    });
    expect(valuesOf(table, 'a')).toEqual([1, null, -1]);
    expect(valuesOf(table, 'c')).toEqual([3, null, 0]);
    expect(valuesOf(table, 'd')).toEqual([9007199254740993n, null, -1n]);
    expect(valuesOf(table, 'e')).toEqual([0, null, Number.NaN]);
    expect(valuesOf(table, 'f')).toEqual([0.1, null, Number.POSITIVE_INFINITY]);
    expect(valuesOf(table, 'g')).toEqual([true, null, false]);
  });

  it('keeps dates as days and timestamps as microseconds', async () => {
    const table = await arrowOf(
      "SELECT DATE '1969-12-31' AS d, TIMESTAMP '1970-01-01 00:00:01.5' AS t, TIMESTAMPTZ '1970-01-01 00:00:00+00' AS z",
    );
    expect(typesOf(table)).toEqual({ d: 'Date32<DAY>', t: 'Timestamp<MICROSECOND>', z: 'Timestamp<MICROSECOND, UTC>' });
    expect(table.getChild('d')!.data[0]!.values.slice(0, 1)).toEqual(Int32Array.of(-1));
    expect(table.getChild('t')!.data[0]!.values.slice(0, 1)).toEqual(BigInt64Array.of(1_500_000n));
  });

  it('keeps text, lists and structs', async () => {
    const table = await arrowOf(
      `SELECT * FROM (VALUES ('ü', [1, NULL], {'x': 'a'}), (NULL, NULL, NULL), ('', [], {'x': NULL})) v(s, l, r)`,
    );
    expect(valuesOf(table, 's')).toEqual(['ü', null, '']);
    expect([...table.getChild('l')!].map((list) => (list === null ? null : [...list]))).toEqual([[1, null], null, []]);
    expect([...table.getChild('r')!].map((row) => row?.toJSON() ?? null)).toEqual([{ x: 'a' }, null, { x: null }]);
  });

  it('gives sums of integers as 128-bit decimals, negative ones too', async () => {
    const table = await arrowOf('SELECT sum(x) AS s, -5.25::DECIMAL(6, 2) AS d FROM (VALUES (-7), (-8)) v(x)');
    expect(typesOf(table)).toEqual({ s: 'Decimal[38e0]', d: 'Decimal[6e+2]' });
    // -15 and -525 as 128-bit two's complement, lowest word first.
    expect([...table.getChild('s')!.get(0)]).toEqual([0xfffffff1, 0xffffffff, 0xffffffff, 0xffffffff]);
    expect([...table.getChild('d')!.get(0)]).toEqual([0xfffffdf3, 0xffffffff, 0xffffffff, 0xffffffff]);
  });

  it('has a schema also without rows, and tells repeated names apart', async () => {
    const table = await arrowOf('SELECT 1 AS a, 2 AS a WHERE false');
    expect(table.numRows).toBe(0);
    expect(Object.values(typesOf(table))).toEqual(['Int32', 'Int32']);
    expect(new Set(table.schema.names).size).toBe(2);
  });

  it('puts all chunks of a long result behind one another', async () => {
    const table = await arrowOf('SELECT range AS n FROM range(5000)');
    expect(table.numRows).toBe(5000);
    expect(table.batches.length).toBeGreaterThan(1);
    expect(table.getChild('n')!.get(4999)).toBe(4999n);
  });
});
