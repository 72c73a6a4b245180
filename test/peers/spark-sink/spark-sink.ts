// The same parts by Spark and by the sink into two lakes: node spark-sink.ts KAFKA FOLDER SPARK_BIN JARS
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { openKafkaPartLogReader } from '#adapters/kafka/kafka-part-log-reader.ts';
import { openKafkaPartLogWriter } from '#adapters/kafka/kafka-part-log-writer.ts';
import { exitCodes } from '#core/errors.ts';
import type { LogTopic } from '#core/ports/part-log.ts';
import { edgeComparisonSchema } from '#schemas/edge-comparison.ts';
import { deadLetterHeaders, kafkaDeadLetterTopic, kafkaPartsTopic, partTypes } from '#schemas/edge-messages.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { cubeName, writeCapture, writeReferences } from '../edge-chain/field-cubes.ts';
import { exitOf, startCommand } from '../edge-chain/supervised.ts';
import { partsOfSpool } from './spool-parts.ts';

const [address, folder, sparkBin, jars] = process.argv.slice(2) as [string, string, string, string];
const startMs = Date.now();
const say = (text: string): void => console.log(`${Math.round((Date.now() - startMs) / 1000)} s: ${text}`);
const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
const path = (...names: string[]): string => join(folder, ...names);
const [bySpark, bySink] = [path('by-spark'), path('by-sink')];
const cubeCount = 5;
/** Its parts come when the topic was made again. */
const lateCube = 4;

async function cubelake(...parameters: string[]): Promise<void> {
  const child = startCommand(parameters, path('cubelake.log'), process.env);
  assert.equal(await exitOf(child), exitCodes.ok, `cubelake ${parameters.slice(0, 2).join(' ')}`);
}

mkdirSync(path('captures'));
mkdirSync(path('late'));
mkdirSync(path('references'));
for (let cube = 0; cube < cubeCount; cube++) writeCapture(path(cube === lateCube ? 'late' : 'captures'), cube);
writeFileSync(path('plots.geojson'), plots());
const product = [
  ...writeReferences(path('references')),
  '--farm',
  'f1',
  '--region',
  'eu',
  '--plots',
  path('plots.geojson'),
];
const field = ['--device', 'tractor-1', '--part-kib', '64', '--quiet-s', '0', '--once', ...product];
await cubelake('edge', 'run', path('captures'), '--spool', path('spool'), '--cell-size', '1', ...field);
// Cells that reach beyond their cube.
await cubelake('edge', 'run', path('late'), '--spool', path('spool'), '--cell-size', '7', ...field);
const parts = await partsOfSpool(path('spool'));
const cells = parts.filter(({ message }) => message.headers['ce_type'] === partTypes.cells).map(({ file }) => file);
say(`${parts.length} parts of ${cubeCount} cubes, ${cells.length} of cells`);

const admin = new Admin({ clientId: 'check', bootstrapBrokers: [address] });
await admin.createTopics({ topics: [kafkaPartsTopic, kafkaDeadLetterTopic], partitions: 3, replicas: 1 });
const kafka = { brokers: [address], clientId: 'check', tls: null, sasl: null };
const writer = openKafkaPartLogWriter(kafka);
const reader = openKafkaPartLogReader(kafka, 'check');
const all = parts.map(({ message }) => message);
const sent = all.filter(({ key }) => !key.endsWith(cubeName(lateCube)));
const poison = { ...sent[0]!, value: Buffer.from('no part') };
const stranger = { ...sent[1]!, headers: {} };
// Every third part comes twice, some of them far apart.
const twice = sent.filter((_, at) => at % 3 === 0);
for (const message of [...sent.slice(0, 5), poison, ...sent, stranger, ...twice])
  await writer.append(kafkaPartsTopic, message);

// What the cloud has made already; Spark and the sink both leave its parts out.
for (const lake of [bySpark, bySink]) await ingest(lake, 3);
const server = startCommand(['catalog', 'serve', '--lake', bySpark, '--port', '0'], path('catalog.log'), process.env);
try {
  const uri = await catalogUri();
  assert.equal(await exitOf(spark(uri, 10)), exitCodes.badConfiguration, 'Spark stops where columns are missing');
  assert.match(readFileSync(path('spark.log'), 'utf8'), /Run "cubelake edge columns" with parts of this sensor/);
  await cubelake('edge', 'columns', ...cells, '--lake', bySpark);
  say('stops at columns that are missing, and names the command that adds them');
  // Its first commits to silver: a branch, the rows on it, the rows in the table.
  for (const [commits, where] of [
    [2, 'rows are staged and not in the table'],
    [3, 'rows are in silver and not in gold'],
  ] as const) {
    const before = commitCount();
    const child = spark(uri, 10);
    while (child.exitCode === null && commitCount() < before + commits) await sleep(5);
    assert.equal(child.exitCode, null, 'Spark runs when it is killed');
    process.kill(-child.pid!, 'SIGKILL');
    await exitOf(child);
    say(`killed after ${commitCount() - before} commits: ${where}`);
  }
  // One goes on, and another begins anew beside it, as if its checkpoint were lost.
  const both = [spark(uri, 100), spark(uri, 15, 'rival')].map(exitOf);
  assert.deepEqual(await Promise.all(both), [exitCodes.ok, exitCodes.ok]);
  say(`two at once: ${(readFileSync(path('spark.log'), 'utf8').match(/looks again/g) ?? []).length} times overtaken`);
  await takeBySink();
  await loseMessages();
  await checkStop(uri, /got a topic without some of them/);
  await makeTopicAgain(() => checkStop(uri, /got none\. Create it/));
  await checkStop(uri, /it was made again, .* Give another --checkpoint/);
  assert.equal(await exitOf(spark(uri, 100, 'new-epoch')), exitCodes.ok);
  await takeBySink('--new-epoch');
  say(
    'stops where messages are gone, where the topic is gone, and where it was made again; goes on with another checkpoint',
  );
  for (const answer of [/^f1 2026-07-01: made anew$/, /^up to date$/]) {
    await cubelake('edge', 'fields', '--lake', bySpark);
    assert.match(lastAnswer(), answer);
  }
} finally {
  server.kill();
}
await checkDeadLetters();
await Promise.all([writer.close(), reader.close(), admin.close()]);
// The cloud takes out what Spark made of one cube, from files that it shares with others.
for (const lake of [bySpark, bySink]) await ingest(lake, 1);
say('the cloud has made another cube since');
const [ofSpark, ofSink] = [comparisonOf(bySpark, 1), comparisonOf(bySink, 1)];
assert.deepEqual(ofSpark, ofSink, 'field and cloud are compared alike, whoever has brought the rows of the field');
say(`field and cloud are compared: ${ofSpark.cells.map(([name, count]) => `${name} of ${count} cells`).join(', ')}`);

async function takeBySink(...options: string[]): Promise<void> {
  const pace = ['--interval-s', '1', '--until-idle-s', '2'];
  await cubelake('edge', 'sink', '--lake', bySink, '--kafka', address, ...pace, ...options);
}

/** Messages that neither Spark nor the sink has read, though they have their parts already. */
async function loseMessages(): Promise<void> {
  for (const message of sent.slice(0, 6)) await writer.append(kafkaPartsTopic, message);
  const partitions = [...(await offsetsNow())!].map(([partition, { next }]) => ({ partition, offset: next }));
  await admin.deleteRecords({ topics: [{ name: kafkaPartsTopic, partitions }] });
}

/** With more messages than before, the late cube's first: whoever went on at the old offsets would miss them. */
async function makeTopicAgain(whileGone: () => Promise<void>): Promise<void> {
  const before = (await offsetsNow())!;
  await admin.deleteTopics({ topics: [kafkaPartsTopic] });
  while ((await offsetsNow()) !== null) await sleep(100);
  await whileGone();
  await admin.createTopics({ topics: [kafkaPartsTopic], partitions: 3, replicas: 1 });
  while ((await offsetsNow()) === null) await sleep(100);
  const isLonger = async (): Promise<boolean> => {
    const now = (await offsetsNow())!;
    return [...before].every(([partition, { next }]) => now.get(partition)!.next >= next);
  };
  const late = all.filter(({ key }) => key.endsWith(cubeName(lateCube)));
  while (!(await isLonger())) for (const message of [...late, ...all]) await writer.append(kafkaPartsTopic, message);
}

/** Of the topic of parts by partition; null while there is none. */
async function offsetsNow(): Promise<LogTopic['partitions'] | null> {
  return (await reader.describe(kafkaPartsTopic))?.partitions ?? null;
}

async function checkStop(catalog: string, said: RegExp): Promise<void> {
  assert.equal(await exitOf(spark(catalog, 100)), exitCodes.badConfiguration);
  assert.match(readFileSync(path('spark.log'), 'utf8').trimEnd().split('\n').at(-1)!, said);
}

/** `ingest` ends well also where another process settles. */
async function ingest(lake: string, cube: number): Promise<void> {
  await cubelake('ingest', path('captures', `${cubeName(cube)}.hdr`), '--lake', lake, ...product);
  assert.match(lastAnswer(), / 0 failed, 0 waiting$/);
}

/** What was compared, and how many values of each. */
function comparisonOf(lake: string, cube: number) {
  const granuleKey = `raw_cubes/eu/f1/2026/07/01/${cubeName(cube)}`;
  const text = readFileSync(join(lake, 'warehouse', controlKeys.edgeComparison(granuleKey)), 'utf8');
  const comparison = edgeComparisonSchema.parse(JSON.parse(text));
  const { cells, cells_skipped, plots, plots_skipped, cell_facts, beyond } = comparison;
  assert.deepEqual({ cells_skipped, plots_skipped, beyond }, { cells_skipped: null, plots_skipped: null, beyond: [] });
  assert.ok(cells.length > 3 && plots.length > 0, 'bands, NDVI and plots are compared');
  const counts = (differences: typeof cells) => differences.map(({ name, count }) => [name, count] as const);
  return { cells: counts(cells), plots: counts(plots), cell_facts };
}

function lastAnswer(): string {
  return readFileSync(path('cubelake.log'), 'utf8').trimEnd().split('\n').at(-1)!;
}

/** In a process group of its own: Python and Java die together. */
function spark(catalog: string, batchPartCount: number, checkpoint = 'checkpoint'): ChildProcess {
  const source = join(import.meta.dirname, '../../../edge-k3s/spark-sink');
  const conf = {
    'spark.driver.extraClassPath': jars,
    'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.host': '127.0.0.1',
    'spark.sql.shuffle.partitions': '2',
    'spark.log.level': 'ERROR',
    'spark.sql.extensions': 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
    'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog',
    'spark.sql.catalog.lake.type': 'rest',
    'spark.sql.catalog.lake.uri': catalog,
  };
  const confs = Object.entries(conf).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
  const job = [join(source, 'spark_sink.py'), '--kafka', address, '--checkpoint', path(checkpoint)];
  const log = openSync(path('spark.log'), 'a');
  return spawn(
    join(sparkBin, 'spark-submit'),
    [
      '--master',
      'local[2]',
      '--driver-memory',
      '1g',
      ...confs,
      ...job,
      '--available-now',
      '--batch-parts',
      String(batchPartCount),
    ],
    {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: folder,
      env: {
        ...process.env,
        PYTHONPATH: source,
        PYTHONDONTWRITEBYTECODE: '1',
        PYSPARK_PYTHON: join(sparkBin, 'python'),
      },
    },
  );
}

async function catalogUri(): Promise<string> {
  for (let waits = 0; waits < 150; waits++) {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(readFileSync(path('catalog.log'), 'utf8'));
    if (found !== null) return found[0];
    await sleep(200);
  }
  throw new Error('the catalog does not come');
}

function commitCount(): number {
  const folders = ['silver/reflectance', 'gold/plot_index'].map((table) =>
    join(bySpark, 'warehouse/tables', table, 'metadata'),
  );
  return folders.flatMap((each) => readdirSync(each)).filter((name) => name.endsWith('.metadata.json')).length;
}

async function checkDeadLetters(): Promise<void> {
  const { partitions } = (await reader.describe(kafkaDeadLetterTopic))!;
  const count = [...partitions.values()].reduce((sum, { next }) => sum + Number(next), 0);
  const reading = new AbortController();
  const causes = new Map<string, Set<string>>();
  let read = 0;
  for await (const { headers } of reader.read(
    kafkaDeadLetterTopic,
    new Map([...partitions.keys()].map((at) => [at, 0n])),
    reading.signal,
  )) {
    const origin = headers[deadLetterHeaders.origin]!;
    causes.set(origin, (causes.get(origin) ?? new Set()).add(headers[deadLetterHeaders.error]!));
    if (++read === count) reading.abort();
  }
  assert.equal(causes.size, 2, 'two messages are dead, wherever they were read');
  const all = [...causes.values()].flatMap((each) => [...each]).join('\n');
  assert.match(all, /SHA-256/);
  assert.match(all, /headers of a part/);
  say(`two messages that are no parts, ${count} dead letters with cause and place`);
}

/** Two plots in every cube, in the system of the cubes. */
function plots(): string {
  const features = Array.from({ length: 2 * cubeCount }, (_, at) => {
    const [west, north] = [600_000 + 100 * Math.floor(at / 2) + 4, 5_300_000 - 4 - 22 * (at % 2)];
    const ring = [
      [west, north],
      [west + 30, north],
      [west + 30, north - 16],
      [west, north - 16],
      [west, north],
    ];
    return {
      type: 'Feature',
      properties: { plot_id: `p${at}`, crop: 'wheat' },
      geometry: { type: 'Polygon', coordinates: [ring] },
    };
  });
  return JSON.stringify({
    type: 'FeatureCollection',
    crs: { type: 'name', properties: { name: 'EPSG:32632' } },
    features,
  });
}
