// node ask-trino.ts PLAN TRINO_URI RESULT: Trino. plan is EXPLAIN of the three-band query.
import { readFileSync, writeFileSync } from 'node:fs';
import { trinoRows } from '../../test/peers/engines/trino-rows.ts';
import { medianSeconds } from './medians.ts';

interface Table {
  readonly layout: string;
  readonly bandCount: number;
  readonly fileCount: number;
  readonly table: string;
  readonly isForEngines: boolean;
  readonly queries: { readonly trino: string; readonly spectrum: string };
}

const runCount = 3;
const [planPath, uri, resultPath] = process.argv.slice(2) as [string, string, string];
const { tables } = JSON.parse(readFileSync(planPath, 'utf8')) as { tables: Table[] };
const results = [];
for (const { layout, bandCount, fileCount, table, queries } of tables.filter((each) => each.isForEngines)) {
  const question = (query: string) => query.replace('{from}', `lake.wide.${table}`);
  const secondsOf = (query: string) => medianSeconds(runCount, () => trinoRows(uri, query));
  results.push({
    layout,
    bandCount,
    fileCount,
    plan: await secondsOf(`EXPLAIN ${question(queries.trino)}`),
    threeBands: await secondsOf(question(queries.trino)),
    spectrum: await secondsOf(question(queries.spectrum)),
  });
  console.error(JSON.stringify(results.at(-1)));
}
writeFileSync(resultPath, JSON.stringify(results));
