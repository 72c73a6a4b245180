import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { jsonValue, plainValue } from '#adapters/duckdb/result-rows.ts';

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run("SET TimeZone = 'UTC'");
});

async function plain(expression: string): Promise<unknown> {
  const reader = await connection.runAndReadAll(`SELECT ${expression}`);
  return plainValue(reader.getRows()[0]![0]!, reader.columnType(0));
}

describe('values of a result', () => {
  it.each([
    ['1::INTEGER', 1],
    ['9007199254740993::BIGINT', 9007199254740993n],
    ['sum(x) FROM (VALUES (1), (2)) v(x)', 3n],
    ['0.1::DOUBLE', 0.1],
    ["'nan'::DOUBLE", Number.NaN],
    ['NULL', null],
    ['true', true],
    ["'ü''x'", "ü'x"],
    ["DATE '1969-12-31'", '1969-12-31'],
    ["DATE '0044-03-15 (BC)'", '-000043-03-15'],
    ["'infinity'::DATE", 'infinity'],
    ["TIMESTAMP '1969-12-31 23:59:59.999999'", '1969-12-31T23:59:59.999999'],
    ["TIMESTAMPTZ '2026-05-01 12:00:00+02'", '2026-05-01T10:00:00Z'],
    ["TIMESTAMPTZ '2026-05-01 12:00:00.5+00'", '2026-05-01T12:00:00.500000Z'],
    ['1.25', 1.25],
    ['12345678901234567890.5::DECIMAL(22, 1)', '12345678901234567890.5'],
    ["[DATE '2026-05-01', NULL]", ['2026-05-01', null]],
    ["{'a': 1, 'b': ['x']}", { a: 1, b: ['x'] }],
    ["MAP {'k': 2}", [{ key: 'k', value: 2 }]],
    ["TIME '12:34:56'", '12:34:56'],
  ])('of %s are plain', async (expression, expected) => {
    expect(await plain(expression)).toEqual(expected);
  });
});

describe('JSON values', () => {
  it('keep what JSON would lose, as text', () => {
    const value = [5n, 9007199254740993n, Number.NaN, Number.NEGATIVE_INFINITY, { a: [2n ** 70n] }, null, 'x', 0];
    expect(jsonValue(value)).toEqual([
      5,
      '9007199254740993',
      'NaN',
      '-Infinity',
      { a: ['1180591620717411303424'] },
      null,
      'x',
      0,
    ]);
  });
});
