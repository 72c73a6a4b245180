import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { refuseWithoutFieldIds } from '#adapters/duckdb/field-ids.ts';
import { jsonValue } from '#adapters/duckdb/result-rows.ts';
import { openSql, type SqlSession } from '#adapters/duckdb/sql-session.ts';
import { sparkLake } from '../../core/formats/iceberg/spark-lake.ts';

let lake: Awaited<ReturnType<typeof sparkLake>>;
let sql: SqlSession;
beforeAll(async () => {
  lake = await sparkLake();
  sql = await openSql(lake);
});

/** Rows as the fixture writes them, in one order. */
async function rows(query: string): Promise<string[]> {
  const found = (await sql.query(query)).rows;
  return sorted(
    found.map((row) => row.map((value) => (typeof value === 'string' ? value.replace(/Z$/, '') : jsonValue(value)))),
  );
}

const sorted = (list: readonly (readonly unknown[])[]) => list.map((row) => JSON.stringify(row)).toSorted();

describe.each(['positions', 'equalities', 'evolved', 'transforms', 'more_transforms'])(
  'a table that Spark wrote (%s)',
  (name) => {
    it('has the rows that Spark reads', async () => {
      expect(await rows(`SELECT * FROM scan.${name}`)).toEqual(sorted(lake.tables[name]!.rows));
    });

    it('had them at each snapshot', async () => {
      for (const { snapshot, rows: expected } of lake.tables[name]!.history)
        expect(await rows(`SELECT * FROM scan.${name} AT (VERSION => ${snapshot})`)).toEqual(sorted(expected));
    });
  },
);

describe('SQL over tables with deleted rows', () => {
  it.each([
    "farm = 'a' AND line > 10",
    "farm = 'b'",
    'value IS NULL',
    'value = -1 OR line = 2',
    'NOT (line BETWEEN 2 AND 15)',
    'value < 0',
  ])('finds for %s what Spark finds', async (condition) => {
    const query = await DuckDBInstance.create(':memory:');
    const connection = await query.connect();
    const values = lake.tables['positions']!.rows.map(
      (row) =>
        `(${row.map((cell) => (cell === null ? 'NULL' : typeof cell === 'string' ? `'${cell}'` : `${cell}::DOUBLE`)).join(', ')})`,
    );
    const expected = await connection.runAndReadAll(
      `SELECT farm, line::INT, value FROM (VALUES ${values.join(', ')}) AS t(farm, line, value) WHERE ${condition}`,
    );
    const found = await rows(`SELECT farm, line, value FROM scan.positions WHERE ${condition}`);
    expect(found.length).toBeGreaterThan(0);
    expect(found).toEqual(sorted(expected.getRowsJson()));
  });

  it('says how many delete files it read', async () => {
    const [scan] = (await sql.query('SELECT count(*) FROM scan.equalities')).scan;
    expect(scan).toMatchObject({ fileCount: 8, deleteFileCount: 5 });
  });

  it('joins a table with its own past', async () => {
    const [before] = lake.tables['equalities']!.history;
    const gone = `SELECT count(*) FROM scan.equalities AT (VERSION => ${before!.snapshot}) old
      WHERE NOT EXISTS (SELECT 1 FROM scan.equalities now WHERE now.farm = old.farm AND now.line = old.line)`;
    const now = new Set(lake.tables['equalities']!.rows.map(([farm, line]) => `${farm} ${line}`));
    const expected = before!.rows.filter(([farm, line]) => !now.has(`${farm} ${line}`)).length;
    expect(expected).toBeGreaterThan(0);
    expect((await sql.query(gone)).rows).toEqual([[BigInt(expected)]]);
  });
});

describe('a Parquet file without field ids', () => {
  it('is refused by name, because all its columns would be NULL', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cubelake-ids-'));
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const [good, bad] = ['good', 'bad'].map((name) => join(folder, `${name}.parquet`)) as [string, string];
    await connection.run(`COPY (SELECT 1 AS a) TO '${good}' (FIELD_IDS {a: 1})`);
    await connection.run(`COPY (SELECT 1 AS a) TO '${bad}'`);
    await refuseWithoutFieldIds(connection, [good], 't');
    await expect(refuseWithoutFieldIds(connection, [good, bad], 't')).rejects.toThrow(
      /carry field ids, got one without \(t, .*bad\.parquet\)/,
    );
    rmSync(folder, { recursive: true });
  });

  it('is looked for where the table maps names, as programs that add files do', async () => {
    const { table } = lake.tables['evolved']!;
    const properties = { ...table.metadata.properties, 'schema.name-mapping.default': '[]' };
    const mapped = { ...table, metadata: { ...table.metadata, properties } };
    const catalog = { ...lake.catalog, loadTable: async () => mapped };
    const session = await openSql({ ...lake, catalog });
    expect((await session.query('SELECT count(*) FROM scan.evolved')).rows).toEqual([[4n]]);
  });
});
