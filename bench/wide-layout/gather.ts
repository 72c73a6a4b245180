// node gather.ts FOLDER RESULT: all answers of one run in one file, with the facts of the machine.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { pixelCount, plotPixelCount, rowGroupPixelCount } from './layouts.ts';

const [folder, resultPath] = process.argv.slice(2) as [string, string];
const answer = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const { ownWriter, planning } = answer('lake.json');
const written = answer('files/written.json') as { splitOffsets: unknown }[];

const result = {
  machine: {
    cpu: cpus()[0]!.model,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadAverageAtEnd: loadavg().map((load) => Math.round(load * 10) / 10),
  },
  conditions:
    'medians of 3 after one run that does not count; seconds; files in the page cache; two cores shared with other work, so that differences below 20 % say nothing',
  versions: { pyarrow: '26.0.1', duckdb: '1.5.5', spark: '4.1.1', icebergSpark: '1.12.0', trino: '476' },
  pixelCount,
  rowGroupPixelCount,
  plotPixelCount,
  pyarrowWriter: written.map(({ splitOffsets: _, ...facts }) => facts),
  ownWriter,
  ourPlanner: planning.map(({ metadataLocation: _, ...facts }: { metadataLocation: string }) => facts),
  duckdb: answer('duckdb.json'),
  spark: answer('spark.json'),
  trino: answer('trino.json'),
};
writeFileSync(resultPath, `${JSON.stringify(rounded(result), null, 2)}\n`);

/** Four digits say all that a median of three does. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rounded(each)]));
}
