import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { identifier, literal } from '#adapters/duckdb/quoting.ts';

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
});

const anyText = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));
const hostile = fc
  .array(fc.constantFrom("'", '"', '\\', ';', '--', '/*', '*/', '$$', '\n', "''", '""', 'x', ' '), { maxLength: 12 })
  .map((parts) => parts.join(''));

describe('quoting', () => {
  it('gives DuckDB back every text as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText, hostile), async (text) => {
        const reader = await connection.runAndReadAll(`SELECT ${literal(text)}`);
        expect(reader.getRows()).toEqual([[text]]);
      }),
      { seed: 20261122, numRuns: 300 },
    );
  });

  it('gives DuckDB back every name as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anyText, hostile).filter((text) => text !== ''),
        async (name) => {
          const reader = await connection.runAndReadAll(`SELECT 1 AS ${identifier(name)}`);
          expect(reader.columnNames()).toEqual([name]);
        },
      ),
      { seed: 20261122, numRuns: 300 },
    );
  });

  it('replaces NUL, at which the parser would end the statement', () => {
    expect(literal("a\0'; DROP")).toBe("'a\ufffd''; DROP'");
    expect(identifier('a\0"b')).toBe('"a\ufffd""b"');
  });
});
