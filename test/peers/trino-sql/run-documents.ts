// node run-documents.ts DOCS_FOLDER LAKE TRINO_URI: runs every SQL block of the documents where it says that it runs.
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { openLake } from '../../../cli/open-lake.ts';
import { trinoRows } from '../engines/trino-rows.ts';
import { type SqlBlock, sqlBlocks } from './sql-blocks.ts';

/** What the documents write for a snapshot id and a time; the first snapshot of the table takes their place. */
const snapshotInDocuments = '1234567890';
const timeInDocuments = '2026-05-01 12:00:00';

const [docsFolder, lakeFolder, trinoUri] = process.argv.slice(2) as [string, string, string];
const session = await openSql(openLake(lakeFolder, { mustExist: true }));
const firstSnapshots = await session.query(
  'SELECT table_name, arg_min(snapshot_id, committed_at), CAST(min(committed_at) AS VARCHAR) FROM lake.snapshots GROUP BY table_name',
);
const firstSnapshotOf = new Map(
  firstSnapshots.rows.map(([table, id, time]) => [String(table), { id, time: String(time) }]),
);

let comparedCount = 0;
const counts = { duckdb: 0, trino: 0 };
for (const block of sqlBlocks(docsFolder)) {
  const sql = atFirstSnapshot(block.sql);
  const ours = block.engines.includes('duckdb') ? (await session.query(sql)).rows : null;
  const isForTrino = block.engines.includes('trino') || block.engines.includes('athena');
  const theirs = isForTrino ? (await trinoRows(trinoUri, sql)).map((row) => Object.values(row)) : null;
  for (const rows of [ours, theirs]) if (rows?.length === 0) fail(block, 'Expected rows, got none');
  if (ours !== null) counts.duckdb++;
  if (theirs !== null) counts.trino++;
  if (ours === null || theirs === null) continue;
  if (!isSame(ours, theirs)) {
    const difference = ours.find((row, at) => !isSame(row, theirs[at])) ?? `${ours.length} rows`;
    const position = ours.findIndex((row, at) => !isSame(row, theirs[at]));
    fail(
      block,
      `Expected equal rows, got ${String(difference)} and ${String(theirs[position] ?? `${theirs.length} rows`)}`,
    );
  }
  comparedCount++;
}
if (comparedCount === 0) throw new Error(`Expected blocks for both engines, got none (${docsFolder})`);
console.log(
  `${counts.duckdb} statements through cubelake sql, ${counts.trino} in Trino, ${comparedCount} of them in both with equal rows`,
);

/** Each table is asked at its own first snapshot. */
function atFirstSnapshot(sql: string): string {
  return sql
    .replace(
      new RegExp(`(\\w+\\.\\w+)( FOR VERSION AS OF )${snapshotInDocuments}`, 'g'),
      (_, table: string, words: string) => {
        return `${table}${words}${firstSnapshotOf.get(table)!.id}`;
      },
    )
    .replace(
      /(\w+\.\w+)( FOR TIMESTAMP AS OF TIMESTAMP )'([^']+)'/g,
      (_, table: string, words: string, time: string) => {
        if (time !== timeInDocuments) throw new Error(`Expected the time ${timeInDocuments}, got ${time}`);
        return `${table}${words}'${secondAfter(firstSnapshotOf.get(table)!.time)}'`;
      },
    );
}

function secondAfter(time: string): string {
  const timeMs = Date.parse(time.replace(' ', 'T').replace(/\+00(:00)?$/, 'Z'));
  return new Date(timeMs + 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** A FLOAT has some seven digits, and sums in another order differ in the last ones. */
function isSame(ours: unknown, theirs: unknown): boolean {
  if (Array.isArray(ours) && Array.isArray(theirs))
    return ours.length === theirs.length && ours.every((each, at) => isSame(each, theirs[at]));
  const [left, right] = [ours, theirs].map((each) => (typeof each === 'bigint' ? Number(each) : each));
  if (typeof left !== 'number' || typeof right !== 'number') return left === right;
  return left === right || Math.abs(left - right) <= 1e-6 * Math.max(Math.abs(left), Math.abs(right));
}

function fail(block: SqlBlock, message: string): never {
  throw new Error(`${message} (docs/sql/${block.file})\n${block.sql}`);
}
