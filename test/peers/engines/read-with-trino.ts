// node read-with-trino.ts TRINO_URI TABLE...: facts of tables as Trino sees them.
import type { TableFacts } from './table-facts.ts';
import { trinoRows } from './trino-rows.ts';

const [uri, ...names] = process.argv.slice(2);
const numbers = new Set(['tinyint', 'smallint', 'integer', 'bigint', 'real', 'double']);
const facts: Record<string, TableFacts> = {};
for (const name of names) facts[name] = await factsOf(name);
console.log(JSON.stringify(facts));

async function factsOf(name: string): Promise<TableFacts> {
  const [namespace, table] = name.split('.');
  const described = await trinoRows(uri!, `DESCRIBE ${name}`);
  const columns = described.map((row) => ({ name: String(row['Column']), isNumber: numbers.has(String(row['Type'])) }));
  const parts = columns.flatMap((column, at) => [
    `count("${column.name}") AS count_${at}`,
    ...(column.isNumber ? [`sum(CAST("${column.name}" AS double)) AS sum_${at}`] : []),
  ]);
  const [row] = await trinoRows(uri!, `SELECT count(*) AS row_count, ${parts.join(', ')} FROM ${name}`);
  const values = columns.map((column, at) => {
    const sum = column.isNumber ? Number(row![`sum_${at}`] ?? 0) : null;
    return [column.name, [Number(row![`count_${at}`]), sum]] as const;
  });
  return {
    rows: Number(row!['row_count']),
    columns: Object.fromEntries(values),
    snapshots: await snapshotsOf(namespace!, table!),
    partitions: await partitionsOf(namespace!, table!),
  };
}

/** Ids as text: as JSON numbers they would lose digits. */
async function snapshotsOf(namespace: string, table: string): Promise<TableFacts['snapshots']> {
  const listed = await trinoRows(
    uri!,
    `SELECT CAST(snapshot_id AS varchar) AS id, CAST(to_unixtime(committed_at) * 1000 AS bigint) AS ms
     FROM ${namespace}."${table}$snapshots" ORDER BY committed_at`,
  );
  const snapshots: TableFacts['snapshots'][number][] = [];
  for (const row of listed) {
    const timestampMs = Number(row['ms']);
    const count = async (version: string) =>
      Number((await trinoRows(uri!, `SELECT count(*) AS n FROM ${namespace}.${table} FOR ${version}`))[0]!['n']);
    const rowsById = await count(`VERSION AS OF ${row['id']}`);
    const time = new Date(timestampMs).toISOString().replace('T', ' ').replace('Z', ' UTC');
    const rowsByTime = await count(`TIMESTAMP AS OF TIMESTAMP '${time}'`);
    snapshots.push({ id: String(row['id']), timestampMs, rowsById, rowsByTime });
  }
  return snapshots;
}

async function partitionsOf(namespace: string, table: string): Promise<Record<string, number>> {
  const relation = `${namespace}."${table}$partitions"`;
  const described = await trinoRows(uri!, `DESCRIBE ${relation}`);
  const type = described.find((row) => row['Column'] === 'partition')?.['Type'];
  if (type === undefined) return {};
  // row("farm_id" varchar, "day_day" date)
  const names = [...String(type).matchAll(/[(,]\s*"?([a-z0-9_]+)"? /g)].map((match) => match[1]!);
  const rows = await trinoRows(uri!, `SELECT partition, record_count FROM ${relation}`);
  return Object.fromEntries(
    rows.map((row) => {
      const values = row['partition'] as readonly unknown[];
      const text = names.map((name, at) => `${name}=${values[at] === null ? 'null' : values[at]}`).join('/');
      return [text, Number(row['record_count'])];
    }),
  );
}
