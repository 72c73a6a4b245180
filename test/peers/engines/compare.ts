// node compare.ts OURS.json THEIRS.json...: all readers must agree on every table that any of them read.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { disagreements, type TableFacts } from './table-facts.ts';

const readers = process.argv.slice(2).map((path) => ({
  name: basename(path, '.json'),
  facts: JSON.parse(readFileSync(path, 'utf8')) as Record<string, TableFacts>,
}));
const tables = [...new Set(readers.flatMap(({ facts }) => Object.keys(facts)))];
const found: string[] = [];
let snapshotCount = 0;
for (const table of tables) {
  const [first, ...others] = readers.filter(({ facts }) => facts[table] !== undefined);
  snapshotCount += first!.facts[table]!.snapshots.length;
  for (const { name } of readers.filter(({ facts }) => facts[table] === undefined))
    found.push(`${name}: ${table}: not read`);
  for (const { name, facts } of others)
    for (const text of disagreements(table, first!.facts[table]!, facts[table]!))
      found.push(`${first!.name} against ${name}: ${text}`);
}
for (const text of found) console.log(text);
if (found.length > 0) process.exitCode = 1;
else console.log(`${readers.length} readers agree on ${tables.length} tables and ${snapshotCount} snapshots`);
