import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { pushedPredicates, type TableColumns } from '#adapters/duckdb/pushed-predicates.ts';
import { parseQuery } from '#adapters/duckdb/query-tree.ts';
import { tableReferences } from '#adapters/duckdb/table-references.ts';
import type { Filter } from '#core/formats/iceberg/scan.ts';

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
});

const columns = (...list: [string, string][]): TableColumns =>
  new Map(list.map(([name, type]) => [name, { name, type }]));

const tables: Readonly<Record<string, TableColumns>> = {
  reflectance: columns(
    ['farm_id', 'string'],
    ['day', 'date'],
    ['line', 'int'],
    ['cell', 'long'],
    ['lon', 'double'],
    ['acquired_at', 'timestamptz'],
  ),
  bands: columns(['farm_id', 'string'], ['band', 'int'], ['good', 'boolean']),
};

function text(filter: Filter): string {
  if ('all' in filter) return `(${filter.all.map(text).join(' & ')})`;
  if ('any' in filter) return `(${filter.any.map(text).join(' | ')})`;
  return 'value' in filter ? `${filter.column} ${filter.op} ${String(filter.value)}` : `${filter.column} ${filter.op}`;
}

/** What each place in the query that names a table pushes, as `table: column op value, ...`. */
async function pushed(sql: string): Promise<string[]> {
  const references = tableReferences((await parseQuery(connection, sql)).tree);
  return references.map((reference) => {
    const predicates = pushedPredicates(reference, (item) => tables[String(item['table_name']).toLowerCase()] ?? null);
    return `${reference.table}: ${predicates.map(text).join(', ')}`;
  });
}

const r = 'silver.reflectance';

describe('predicates that the scan planner gets', () => {
  it.each([
    ['text', `SELECT * FROM ${r} WHERE farm_id = 'f1'`, 'farm_id = f1'],
    ['names in capitals', `SELECT * FROM Silver.Reflectance WHERE FARM_ID = 'F1'`, 'farm_id = F1'],
    ['mirrored comparisons', `SELECT * FROM ${r} WHERE 5 <= line`, 'line >= 5'],
    ['negative numbers', `SELECT * FROM ${r} WHERE line > -3`, 'line > -3'],
    ['64-bit numbers whole', `SELECT * FROM ${r} WHERE cell = 9007199254740993`, 'cell = 9007199254740993'],
    [
      'dates as text and as DATE',
      `SELECT * FROM ${r} WHERE day >= '2026-05-01' AND day < DATE '2026-06-01'`,
      'day >= 2026-05-01, day < 2026-06-01',
    ],
    ['BETWEEN', `SELECT * FROM ${r} WHERE line BETWEEN 2 AND 4`, '(line >= 2 & line <= 4)'],
    ['IN', `SELECT * FROM ${r} WHERE line IN (1, 2)`, 'line in 1,2'],
    ['decimals for a double column', `SELECT * FROM ${r} WHERE lon <= 8.25`, 'lon <= 8.25'],
    [
      'the conjuncts that can be pushed, beside others',
      `SELECT * FROM ${r} WHERE line = 1 AND abs(cell) = 2`,
      'line = 1',
    ],
    ['OR', `SELECT * FROM ${r} WHERE line = 1 OR cell > 3`, '(line = 1 | cell > 3)'],
    [
      'AND inside OR, in part',
      `SELECT * FROM ${r} WHERE line = 1 OR (cell > 3 AND abs(line) = 2)`,
      '(line = 1 | cell > 3)',
    ],
    ['NOT', `SELECT * FROM ${r} WHERE NOT line <= 1`, 'line > 1'],
    ['NOT of AND', `SELECT * FROM ${r} WHERE NOT (line < 1 AND cell = 2)`, '(line >= 1 | cell != 2)'],
    ['NOT of OR', `SELECT * FROM ${r} WHERE NOT (line < 1 OR abs(line) = 3)`, 'line >= 1'],
    ['NOT IN', `SELECT * FROM ${r} WHERE line NOT IN (1, 2)`, '(line != 1 & line != 2)'],
    ['NOT BETWEEN', `SELECT * FROM ${r} WHERE line NOT BETWEEN 1 AND 2`, '(line < 1 | line > 2)'],
    ['<>', `SELECT * FROM ${r} WHERE farm_id <> 'f1'`, 'farm_id != f1'],
    ['IS NULL', `SELECT * FROM ${r} WHERE lon IS NULL`, 'lon is null'],
    ['NOT IS NULL', `SELECT * FROM ${r} WHERE NOT lon IS NULL`, 'lon is not null'],
    ['LIKE', `SELECT * FROM ${r} WHERE farm_id LIKE 'k_ox%'`, '(farm_id >= k & farm_id < l)'],
    ['starts_with', `SELECT * FROM ${r} WHERE starts_with(farm_id, 'kn')`, '(farm_id >= kn & farm_id < ko)'],
    ['a cast of a constant', `SELECT * FROM ${r} WHERE cell = 5::BIGINT`, 'cell = 5'],
    ['make_date', `SELECT * FROM ${r} WHERE day = make_date(2026, 5, 1)`, 'day = 2026-05-01'],
    ['year()', `SELECT * FROM ${r} WHERE year(day) = 2026`, '(day >= 2026-01-01 & day < 2027-01-01)'],
    ['extract', `SELECT * FROM ${r} WHERE extract(year FROM day) > 2026`, 'day >= 2027-01-01'],
    [
      'date_trunc by month',
      `SELECT * FROM ${r} WHERE date_trunc('month', day) = DATE '2026-12-01'`,
      '(day >= 2026-12-01 & day < 2027-01-01)',
    ],
    ['date_trunc by week', `SELECT * FROM ${r} WHERE date_trunc('week', day) <= '2026-11-23'`, 'day < 2026-11-30'],
    // date -d 2026-05-01T00:00:00Z +%s gives 1777593600
    ['times in UTC', `SELECT * FROM ${r} WHERE acquired_at > '2026-05-01 00:00:00'`, 'acquired_at > 1777593600000000'],
    [
      'times with an offset and microseconds',
      `SELECT * FROM ${r} WHERE acquired_at < TIMESTAMPTZ '2026-05-01 02:00:00.000001+02'`,
      'acquired_at < 1777593600000001',
    ],
    [
      'the date of a time',
      `SELECT * FROM ${r} WHERE acquired_at::DATE = '2026-05-01'`,
      '(acquired_at >= 1777593600000000 & acquired_at < 1777680000000000)',
    ],
    ['columns qualified by alias', `SELECT * FROM ${r} s WHERE s.line = 1`, 'line = 1'],
    ['columns qualified by schema', `SELECT * FROM ${r} WHERE silver.reflectance.line = 1`, 'line = 1'],
    ['EXPLAIN', `EXPLAIN SELECT * FROM ${r} WHERE line = 1`, 'line = 1'],
  ])('are taken from %s', async (_, sql, expected) => {
    expect((await pushed(sql)).map((line) => line.replace(/^\w+: /i, ''))).toEqual([expected]);
  });

  it.each([
    ['a function of the column', `SELECT * FROM ${r} WHERE lower(farm_id) = 'f1'`],
    ['a cast of the column', `SELECT * FROM ${r} WHERE line::varchar = '1'`],
    ['another column', `SELECT * FROM ${r} WHERE line = cell`],
    ['text that DuckDB would turn into a number', `SELECT * FROM ${r} WHERE line = '1'`],
    ['a number against text', `SELECT * FROM ${r} WHERE farm_id = 1`],
    ['a fraction against an integer', `SELECT * FROM ${r} WHERE line < 1.5`],
    ['a date that is none', `SELECT * FROM ${r} WHERE day = '2026-02-30'`],
    ['a date in another form', `SELECT * FROM ${r} WHERE day = '2026-5-1'`],
    [
      'a time with an offset that its type does not have',
      `SELECT * FROM ${r} WHERE acquired_at > TIMESTAMP '2026-05-01 00:00:00+01'`,
    ],
    ['OR with something that is not understood', `SELECT * FROM ${r} WHERE line = 1 OR abs(line) = 2`],
    ['NOT of AND with something that is not understood', `SELECT * FROM ${r} WHERE NOT (line = 1 AND abs(line) = 2)`],
    ['a month that begins in the middle', `SELECT * FROM ${r} WHERE date_trunc('month', day) = DATE '2026-05-02'`],
    ['a month of any year', `SELECT * FROM ${r} WHERE month(day) = 5`],
    ['LIKE without a beginning', `SELECT * FROM ${r} WHERE farm_id LIKE '%x'`],
    ['NOT LIKE', `SELECT * FROM ${r} WHERE farm_id NOT LIKE 'x%'`],
    ['IN with NULL', `SELECT * FROM ${r} WHERE line IN (1, NULL)`],
    ['IN with a query', `SELECT * FROM ${r} WHERE line IN (SELECT 1)`],
    ['HAVING', `SELECT line FROM ${r} GROUP BY line HAVING line = 1`],
    [
      'an alias of the SELECT list that hides the column',
      `SELECT upper(farm_id) AS farm_id FROM ${r} WHERE farm_id = 'F'`,
    ],
    ['a sample', `SELECT * FROM ${r} TABLESAMPLE 10% WHERE line = 1`],
    ['renamed columns', `SELECT * FROM ${r} AS s(line, x) WHERE line = 1`],
  ])('are not taken from %s', async (_, sql) => {
    expect(await pushed(sql)).toEqual(['reflectance: ']);
  });

  it('go to the table that each alias names', async () => {
    const sql = `SELECT * FROM ${r} a JOIN silver.bands b ON true WHERE a.farm_id = 'f1' AND b.farm_id = 'f2' AND band = 3`;
    expect(await pushed(sql)).toEqual(['reflectance: farm_id = f1', 'bands: farm_id = f2, band = 3']);
  });

  it('are left out where two tables have the column', async () => {
    const sql = `SELECT * FROM ${r} JOIN silver.bands USING (farm_id) WHERE farm_id = 'f1'`;
    expect(await pushed(sql)).toEqual(['reflectance: ', 'bands: ']);
  });

  it('of NULL are left out beside a join, which may add rows of NULL', async () => {
    const sql = `SELECT * FROM ${r} a LEFT JOIN silver.bands b ON a.line = b.band WHERE b.good IS NULL AND a.lon IS NOT NULL`;
    expect(await pushed(sql)).toEqual(['reflectance: lon is not null', 'bands: ']);
  });

  it('of two tables joined by OR go to neither', async () => {
    const sql = `SELECT * FROM ${r} a JOIN silver.bands b ON true WHERE a.line = 1 OR b.band = 2`;
    expect(await pushed(sql)).toEqual(['reflectance: ', 'bands: ']);
  });

  it.each([
    'ASOF JOIN silver.bands b ON a.line >= b.band',
    'POSITIONAL JOIN silver.bands b',
    'ANTI JOIN silver.bands b ON a.line = b.band',
  ])('are left out before %s, where a missing row changes other rows', async (join) => {
    expect(await pushed(`SELECT * FROM ${r} a ${join} WHERE a.line = 1`)).toEqual(['reflectance: ', 'bands: ']);
  });

  it('are found in WITH clauses, subqueries and every branch of a UNION', async () => {
    const sql = `WITH w AS (SELECT * FROM ${r} WHERE line = 1) SELECT * FROM w, (SELECT * FROM ${r} WHERE line = 2)
      UNION ALL SELECT * FROM ${r} WHERE line = 3`;
    expect((await pushed(sql)).sort()).toEqual([
      'reflectance: line = 1',
      'reflectance: line = 2',
      'reflectance: line = 3',
    ]);
  });

  it('of an inner query that name a column of the outer one go nowhere', async () => {
    const sql = `SELECT * FROM ${r} a WHERE EXISTS (SELECT 1 FROM silver.bands b WHERE a.line = 1 AND b.band = 2)`;
    expect((await pushed(sql)).sort()).toEqual(['bands: band = 2', 'reflectance: ']);
  });
});

describe('statements', () => {
  it.each([
    ["COPY (SELECT 1) TO 'x'", /Expected a SELECT statement/],
    ["ATTACH 'x.db'", /Expected a SELECT statement/],
    ['SET threads = 1', /Expected a SELECT statement/],
    ['INSTALL httpfs', /Expected a SELECT statement/],
    ['CREATE TABLE t (a INT)', /Expected a SELECT statement/],
    ["EXPLAIN COPY (SELECT 1) TO 'x'", /Expected a SELECT statement/],
    ['SELECT 1; SELECT 2', /Expected one SQL statement, got 2/],
    ['', /Expected one SQL statement, got 0/],
    ['SELEC 1', /syntax error at or near "SELEC" at character 1/],
  ])('%s are refused as configuration errors', async (sql, message) => {
    await expect(parseQuery(connection, sql)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(message),
    });
  });

  it('may begin with comments before EXPLAIN', async () => {
    const parsed = await parseQuery(connection, '-- why\n/* and\nhow */ EXPLAIN ANALYZE SELECT 1');
    expect(parsed).toMatchObject({ prefix: 'EXPLAIN ANALYZE ', text: 'SELECT 1' });
  });
});
