import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSql, type SqlSession } from '#adapters/duckdb/sql-session.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { type PixelFile, type SmallLake, smallLake } from './small-lake.ts';

const mayFirst = 20_574; // 2026-05-01 in days since 1970: date -d 2026-05-01 +%s / 86400
const firstFiles: PixelFile[] = [
  { farm: 'f1', day: mayFirst, lines: [0, 1], lons: [8.25, null], plots: ['a', null], cells: [1n, 9007199254740993n] },
  { farm: 'f2', day: mayFirst, lines: [5, 6], lons: [9.5, 9.75], plots: ['b', 'b'], cells: [3n, 4n] },
];
const secondFiles: PixelFile[] = [
  { farm: 'f1', day: mayFirst + 1, lines: [10], lons: [-8.5], plots: ["o'k"], cells: [5n], red: [1234] },
];

let lake: SmallLake;
let sql: SqlSession;
let firstSnapshot: bigint;

beforeAll(async () => {
  lake = smallLake();
  firstSnapshot = await lake.commit('first', firstFiles);
  await lake.commit('second', secondFiles);
  sql = await openSql(lake);
});

afterAll(() => lake.remove());

describe('SQL over a lake', () => {
  it('reads all rows with the columns of the newest schema', async () => {
    const result = await sql.query('SELECT * FROM silver.pixels ORDER BY line');
    expect(result.columns).toEqual([
      { name: 'farm_id', type: 'VARCHAR' },
      { name: 'day', type: 'DATE' },
      { name: 'line', type: 'INTEGER' },
      { name: 'lon', type: 'DOUBLE' },
      { name: 'plot_id', type: 'VARCHAR' },
      { name: 'cell', type: 'BIGINT' },
      { name: 'r0670', type: 'FLOAT' },
    ]);
    expect(result.rows).toEqual([
      ['f1', '2026-05-01', 0, 8.25, 'a', 1n, null],
      ['f1', '2026-05-01', 1, null, null, 9007199254740993n, null],
      ['f2', '2026-05-01', 5, 9.5, 'b', 3n, null],
      ['f2', '2026-05-01', 6, 9.75, 'b', 4n, null],
      ['f1', '2026-05-02', 10, -8.5, "o'k", 5n, Math.fround(0.1234)],
    ]);
    expect(result.scan).toMatchObject([{ table: 'silver.pixels', fileCount: 3, skippedFileCount: 0, columnCount: 7 }]);
  });

  it.each([
    ["farm_id = 'f2'", 1, 2],
    ["day > '2026-05-01'", 1, 1],
    ["farm_id = 'f1' AND day = DATE '2026-05-01'", 1, 2],
    ['line BETWEEN 5 AND 6', 1, 2],
    ["plot_id IN ('a', 'b')", 2, 3],
    ['cell = 9007199254740993', 1, 1],
    ['lon < 0', 1, 1],
    ["farm_id = 'nowhere'", 0, 0],
    ["farm_id = 'f2' OR line = 10", 2, 3],
    ['line % 5 = 0', 3, 3],
  ])('opens for %s only %i files', async (where, fileCount, rowCount) => {
    const { rows, scan } = await sql.query(`SELECT count(*) FROM silver.pixels WHERE ${where}`);
    expect(scan[0]).toMatchObject({ fileCount, skippedFileCount: 3 - fileCount });
    expect(rows).toEqual([[BigInt(rowCount)]]);
  });

  it('opens what any of several uses of one table needs', async () => {
    const { rows, scan } = await sql.query(`
      SELECT (SELECT sum(line) FROM silver.pixels WHERE farm_id = 'f2'), (SELECT sum(line) FROM silver.pixels WHERE day = '2026-05-02')`);
    expect(rows).toEqual([[11n, 10n]]);
    expect(scan).toMatchObject([{ fileCount: 2, skippedFileCount: 1 }]);
  });

  it('finds the same rows as without the planner, whatever WHERE says', async () => {
    const term = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('line', 'cell'),
          fc.constantFrom('=', '<', '<=', '>', '>=', '<>'),
          fc.integer({ min: -2, max: 12 }),
        )
        .map((parts) => parts.join(' ')),
      fc
        .tuple(fc.constantFrom('=', '<', '<=', '>', '>='), fc.constantFrom('-8.5', '8.25', '9', '0.0', '9.75'))
        .map(([op, value]) => `lon ${op} ${value}`),
      fc
        .tuple(
          fc.constantFrom('farm_id', 'plot_id'),
          fc.constantFrom('=', '<', '>='),
          fc.constantFrom("'f1'", "'f2'", "'b'", "'o''k'", "''"),
        )
        .map((parts) => parts.join(' ')),
      fc
        .tuple(
          fc.constantFrom('=', '<', '>', '>=', '<='),
          fc.constantFrom("'2026-04-30'", "DATE '2026-05-01'", "'2026-05-02'"),
        )
        .map(([op, value]) => `day ${op} ${value}`),
      fc
        .array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 3 })
        .map((list) => `line IN (${list.join(', ')})`),
      fc.constantFrom(
        'plot_id IS NULL',
        'lon IS NOT NULL',
        'r0670 > 0.1',
        "NOT farm_id = 'f1'",
        'cell BETWEEN 2 AND 4',
      ),
    );
    const where = fc
      .array(term, { minLength: 1, maxLength: 3 })
      .chain((terms) => fc.constantFrom(terms.join(' AND '), terms.join(' OR '), `NOT (${terms.join(' AND ')})`));
    await fc.assert(
      fc.asyncProperty(where, async (condition) => {
        const planned = await sql.query(`SELECT line FROM silver.pixels WHERE ${condition} ORDER BY line`);
        // CASE hides the condition from the planner.
        const whole = await sql.query(
          `SELECT line FROM silver.pixels WHERE CASE WHEN ${condition} THEN true ELSE false END ORDER BY line`,
        );
        expect(whole.scan[0]!.fileCount).toBe(3);
        expect(planned.rows).toEqual(whole.rows);
      }),
      { seed: 20261122, numRuns: 60 },
    );
  });

  it('travels in time by snapshot and by date, with the columns of then', async () => {
    const byId = await sql.query(`SELECT * FROM silver.pixels AT (VERSION => ${firstSnapshot})`);
    expect(byId.rows).toHaveLength(4);
    expect(byId.columns.map((column) => column.name)).not.toContain('r0670');
    expect(byId.scan[0]!.snapshotId).toBe(String(firstSnapshot));
    const [[time]] = (
      await sql.query(`SELECT committed_at::VARCHAR FROM lake.snapshots WHERE snapshot_id = '${firstSnapshot}'`)
    ).rows as [[string]];
    const byTime = await sql.query(`SELECT count(*) FROM silver.pixels AT (TIMESTAMP => TIMESTAMP '${time}')`);
    expect(byTime.rows).toEqual([[4n]]);
    const both = await sql.query(`
      SELECT count(now.line) - count(before.line) FROM silver.pixels now
      LEFT JOIN silver.pixels AS before AT (VERSION => ${firstSnapshot}) ON now.line = before.line`);
    expect(both.rows).toEqual([[1n]]);
  });

  it('lists snapshots as a table', async () => {
    const { rows } = await sql.query(
      'SELECT table_name, snapshot_id, operation, added_records, total_records FROM lake.snapshots ORDER BY committed_at',
    );
    expect(rows).toEqual([
      ['silver.pixels', String(firstSnapshot), 'append', 4n, 4n],
      ['silver.pixels', expect.any(String), 'append', 1n, 5n],
    ]);
  });

  it('answers DESCRIBE, SHOW, SUMMARIZE, EXPLAIN and information_schema', async () => {
    expect((await sql.query('DESCRIBE silver.pixels')).rows.map((row) => row[0])).toContain('r0670');
    expect((await sql.query('SHOW ALL TABLES')).rows.map((row) => `${row[1]}.${row[2]}`)).toContain('silver.pixels');
    expect(
      (await sql.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'silver'")).rows,
    ).toEqual([['pixels']]);
    expect((await sql.query('SUMMARIZE SELECT line FROM silver.pixels')).rows[0]!.slice(0, 4)).toEqual([
      'line',
      'INTEGER',
      '0',
      '10',
    ]);
    const plan = JSON.stringify((await sql.query('EXPLAIN SELECT max(line) FROM silver.pixels')).rows);
    expect(plan).toContain('READ_PARQUET');
    expect(plan).not.toContain('farm_id');
  });

  it('stops after as many rows as were asked for, and says so', async () => {
    const part = await sql.query('SELECT line FROM silver.pixels ORDER BY line', { rowCountMax: 2 });
    expect(part).toMatchObject({ rows: [[0], [1]], isTruncated: true });
    expect((await sql.query('SELECT 1', { rowCountMax: 1 })).isTruncated).toBe(false);
  });

  it('reads a warehouse that is no folder, through copies that are gone afterwards', async () => {
    const remote = smallLake(memoryObjectStore());
    await remote.commit('only', firstFiles);
    const { rows } = await (await openSql(remote)).query("SELECT sum(line) FROM silver.pixels WHERE farm_id = 'f2'");
    expect(rows).toEqual([[11n]]);
    remote.remove();
  });

  it('gives Arrow with the same values', async () => {
    const table = tableFromIPC(await sql.queryArrow("SELECT line, r0670 FROM silver.pixels WHERE day > '2026-05-01'"));
    expect(table.toArray().map((row) => row.toJSON())).toEqual([{ line: 10, r0670: Math.fround(0.1234) }]);
  });
});

describe('SQL that cannot run', () => {
  it.each([
    ['SELECT * FROM silver.nothing', /got silver\.nothing\. Tables: silver\.pixels, lake\.snapshots\./],
    ['SELECT nothing FROM silver.pixels', /Referenced column "nothing" not found/],
    ['SELECT * FROM pixels', /table of the lake .* got "pixels"/],
    [
      'SELECT * FROM silver.pixels AT (VERSION => 12)',
      /Expected a snapshot of silver\.pixels, got 12\. It has \d+, from \S+ to \S+\. List them/,
    ],
    ["SELECT * FROM silver.pixels AT (TIMESTAMP => '2020-01-01')", /got one at 2020-01-01T00:00:00\.000Z/],
    [
      "SELECT * FROM silver.pixels AT (VERSION => 'x')",
      /Expected a tag or branch of silver\.pixels, got "x"\. There are: branch main\./,
    ],
    ["SELECT * FROM silver.pixels FOR TIMESTAMP AS OF 'noon'", /Expected a snapshot id, the name .*got AT/],
    ["SELECT * FROM silver.pixels AT (TAG => 'main')", /Expected a tag of silver\.pixels, got "main"/],
    ['DELETE FROM silver.pixels', /Expected a SELECT statement/],
    ["SELECT * FROM read_csv('/etc/hostname')", /reaches outside/],
    ["SELECT * FROM glob('/*')", /reaches outside/],
    ["SELECT 1 FROM silver.pixels WHERE line = 'x'", /Could not convert string 'x' to INT32/],
  ])('%s is a configuration error in one sentence', async (query, message) => {
    await expect(sql.query(query)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(message),
    });
    await expect(sql.query(query)).rejects.not.toMatchObject({ message: expect.stringContaining('LINE 1') });
  });

  it('does not open files of the lake that the query did not plan', async () => {
    const everything = await sql.query("SELECT file_name FROM (SELECT 1) LEFT JOIN (SELECT 'x' AS file_name) ON true");
    expect(everything.rows).toEqual([['x']]);
    const path = new URL(`${lake.warehouse.rootUri}/tables/silver/pixels/metadata/version-hint.text`).pathname;
    await expect(sql.query(`SELECT * FROM read_text('${path}')`)).rejects.toMatchObject({ name: 'ConfigurationError' });
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const running = sql.query('SELECT count(*) FROM range(1000000000) a, range(1000000000) b', { signal: stop.signal });
    setImmediate(() => stop.abort());
    await expect(running).rejects.toThrow('it was stopped');
  });
});
