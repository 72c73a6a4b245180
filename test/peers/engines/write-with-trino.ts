// node write-with-trino.ts TRINO_URI: Trino makes, fills, evolves, deletes from, updates, merges, renames and drops tables.
// peer_trino.whole deletes whole partitions, peer_trino.mor leaves position deletes: Trino has no other way.
import { equal } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { trinoRows } from './trino-rows.ts';

const uri = process.argv[2]!;
const numbered = (start: number, end: number) =>
  `SELECT n AS id, IF(n % 2 = 0, 'knox', 'linn') AS farm, date_add('day', n % 3, DATE '2026-06-01') AS day, n / 8e0 AS mean
   FROM UNNEST(sequence(BIGINT '${start}', BIGINT '${end - 1}')) AS t(n)`;

async function run(...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    // No two snapshots of one millisecond.
    await sleep(50);
    await trinoRows(uri, statement);
  }
}

await run('CREATE SCHEMA peer_trino');
for (const table of ['peer_trino.whole', 'peer_trino.mor'])
  await run(
    `CREATE TABLE ${table} WITH (partitioning = ARRAY['farm', 'day(day)']) AS ${numbered(0, 1000)}`,
    `ALTER TABLE ${table} ADD COLUMN plot_count integer`,
    `INSERT INTO ${table} SELECT *, 7 FROM (${numbered(1000, 1200)})`,
    `DELETE FROM ${table} WHERE farm = 'linn' AND day = DATE '2026-06-02'`,
  );
await run(
  'DELETE FROM peer_trino.mor WHERE id % 10 = 2',
  'UPDATE peer_trino.mor SET mean = -1 WHERE id % 10 = 4',
  `MERGE INTO peer_trino.mor t USING (SELECT *, 9 AS plot_count FROM (${numbered(1190, 1210)})) u ON t.id = u.id
   WHEN MATCHED THEN UPDATE SET mean = u.mean, plot_count = u.plot_count
   WHEN NOT MATCHED THEN INSERT (id, farm, day, mean, plot_count) VALUES (u.id, u.farm, u.day, u.mean, u.plot_count)`,
  'CREATE TABLE peer_trino.before AS SELECT 1 AS a',
  'ALTER TABLE peer_trino.before RENAME TO peer_trino.after',
  'CREATE TABLE peer_trino.gone AS SELECT 1 AS a',
  'DROP TABLE peer_trino.gone',
);
const tables = await trinoRows(uri, 'SHOW TABLES FROM peer_trino');
equal(
  tables
    .map((row) => row['Table'])
    .sort()
    .join(),
  'after,mor,whole',
);
equal((await trinoRows(uri, 'SELECT a FROM peer_trino.after'))[0]!['a'], 1);
