import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAtClauses } from '#adapters/duckdb/as-of-text.ts';
import { openSql, type SqlSession } from '#adapters/duckdb/sql-session.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { setReference } from '#core/formats/iceberg/references.ts';
import { pixels, type SmallLake, smallLake } from './small-lake.ts';

describe('spellings of time travel', () => {
  it.each([
    // As Trino takes it, with and without an alias behind the clause.
    ['SELECT * FROM a.b FOR VERSION AS OF 12', 'SELECT * FROM a.b AT (VERSION => 12)'],
    ["SELECT * FROM a.b FOR VERSION AS OF 'tag one' t", "SELECT * FROM a.b AS t AT (VERSION => 'tag one')"],
    [
      "SELECT * FROM a.b FOR TIMESTAMP AS OF TIMESTAMP '2026-05-01 00:00:00 UTC' AS t WHERE t.x = 1",
      "SELECT * FROM a.b AS t AT (TIMESTAMP => '2026-05-01 00:00:00 UTC') WHERE t.x = 1",
    ],
    // As Spark takes it.
    ['SELECT * FROM a.b VERSION AS OF 12 JOIN c.d ON x = y', 'SELECT * FROM a.b AT (VERSION => 12) JOIN c.d ON x = y'],
    ["SELECT * FROM a.b TIMESTAMP AS OF '2026-05-01'", "SELECT * FROM a.b AT (TIMESTAMP => '2026-05-01')"],
    ["SELECT * FROM a.b FOR SYSTEM_TIME AS OF '2026-05-01'", "SELECT * FROM a.b AT (TIMESTAMP => '2026-05-01')"],
    ['SELECT * FROM a.b FOR SYSTEM_VERSION AS OF 3, c.d', 'SELECT * FROM a.b AT (VERSION => 3), c.d'],
    // Ours.
    ['SELECT * FROM a.b AT (TAG => \'x\') "T 1"', 'SELECT * FROM a.b AS "T 1" AT (VERSION => \'tag:x\')'],
    ["select * from a.b at (branch => 'x') where 1=1", "select * from a.b AT (VERSION => 'branch:x') where 1=1"],
    ['SELECT * FROM a.b AT (VERSION => 5) AS t', 'SELECT * FROM a.b AS t AT (VERSION => 5)'],
  ])('%s', (sql, rewritten) => {
    expect(withAtClauses(sql)).toBe(rewritten);
  });

  it.each([
    "SELECT 'FOR VERSION AS OF 12', x AS of FROM a.b -- FOR VERSION AS OF 1",
    'SELECT "FOR VERSION AS OF 12" FROM a.b /* VERSION AS OF 1 */',
    "SELECT $$ VERSION AS OF 12 $$, version AS of, ts AT TIME ZONE 'UTC' FROM a.b",
    'SELECT * FROM a ASOF JOIN b ON a.t >= b.t',
    "SELECT it''s FROM a.b AS OF 'x",
  ])('%s stays as it is', (sql) => {
    expect(withAtClauses(sql)).toBe(sql);
  });
});

describe('a table with a tag and a branch', () => {
  let lake: SmallLake;
  let sql: SqlSession;
  const file = { farm: 'f1', day: 20_574, lons: [8.25], plots: ['a'], cells: [1n] };

  beforeAll(async () => {
    lake = smallLake();
    const first = await lake.commit('first', [{ ...file, lines: [1] }]);
    const second = await lake.commit('second', [{ ...file, lines: [2] }]);
    await lake.commit('third', [{ ...file, lines: [3] }]);
    const clock = { nowMs: () => Date.UTC(2026, 4, 2), sleepMs: async () => {} };
    const context = { ...lake, clock, random: systemRandom };
    await setReference(context, pixels, { name: 'sown', kind: 'tag', snapshotId: first });
    await setReference(context, pixels, { name: 'trial-2', kind: 'branch', snapshotId: second });
    sql = await openSql(lake);
  });

  afterAll(() => lake.remove());

  it.each([
    ["silver.pixels FOR VERSION AS OF 'sown' t", [1]],
    ["silver.pixels AT (TAG => 'sown')", [1]],
    ["silver.pixels VERSION AS OF 'trial-2'", [1, 2]],
    ["silver.pixels AT (BRANCH => 'trial-2')", [1, 2]],
    ["silver.pixels FOR VERSION AS OF 'main'", [1, 2, 3]],
    ['silver.pixels', [1, 2, 3]],
  ])('is seen at %s', async (from, lines) => {
    const { rows } = await sql.query(`SELECT line FROM ${from} ORDER BY line`);
    expect(rows.map(([line]) => line)).toEqual(lines);
  });

  it('joins two of its states', async () => {
    const { rows } = await sql.query(
      "SELECT now.line FROM silver.pixels now ANTI JOIN silver.pixels FOR VERSION AS OF 'sown' AS old USING (line) ORDER BY 1",
    );
    expect(rows).toEqual([[2], [3]]);
  });

  it('names what there is when asked for what there is not', async () => {
    await expect(sql.query("SELECT * FROM silver.pixels FOR VERSION AS OF 'harvest'")).rejects.toThrow(
      'Expected a tag or branch of silver.pixels, got "harvest". There are: branch main, branch trial-2, tag sown.',
    );
    await expect(sql.query("SELECT * FROM silver.pixels AT (TAG => 'trial-2')")).rejects.toThrow(
      'Expected a tag of silver.pixels, got "trial-2".',
    );
  });

  it('shows its tags and branches beside their snapshots', async () => {
    const { rows } = await sql.query('SELECT is_current, refs FROM lake.snapshots ORDER BY committed_at');
    expect(rows).toEqual([
      [false, 'tag sown'],
      [false, 'branch trial-2'],
      [true, 'branch main'],
    ]);
  });
});
