// node compare.ts OURS.json THEIRS.json...: every reader must agree with the first on every table.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { disagreements, type TableFacts } from './table-facts.ts';

const [own, ...others] = process.argv.slice(2);
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, TableFacts>;
const ours = read(own!);
const found: string[] = [];
for (const path of others) {
  const theirs = read(path);
  for (const [name, facts] of Object.entries(ours)) {
    const other = theirs[name];
    const differences = other === undefined ? [`${name}: not read`] : disagreements(name, facts, other);
    found.push(...differences.map((text) => `${basename(path, '.json')}: ${text}`));
  }
}
for (const text of found) console.log(text);
const snapshotCount = Object.values(ours).reduce((sum, facts) => sum + facts.snapshots.length, 0);
if (found.length > 0) process.exitCode = 1;
else
  console.log(
    `${others.length} engines and we agree on ${Object.keys(ours).length} tables and ${snapshotCount} snapshots`,
  );
