// node trino-sql.ts TRINO_URI SQL...: runs statements in order; the rows of the last one go to stdout as JSON.
import { trinoRows } from './trino-rows.ts';

const [uri, ...statements] = process.argv.slice(2);
let rows: readonly unknown[] = [];
for (const statement of statements) rows = await trinoRows(uri!, statement);
console.log(JSON.stringify(rows));
