// What a sink does with a real broker: node sink.ts KAFKA FOLDER
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Admin } from '@platformatic/kafka';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { openKafkaPartLogReader } from '#adapters/kafka/kafka-part-log-reader.ts';
import { openKafkaPartLogWriter } from '#adapters/kafka/kafka-part-log-writer.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { exitCodes } from '#core/errors.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import { deadLetterHeaders, kafkaDeadLetterTopic, kafkaPartsTopic } from '#schemas/edge-messages.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { cellsPart, type SmallPart } from '../../sink-simulation/small-parts.ts';

const [address, folder] = process.argv.slice(2) as [string, string];
const startMs = Date.now();
const say = (text: string): void => console.log(`${Math.round((Date.now() - startMs) / 1000)} s: ${text}`);
const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
const lake = join(folder, 'lake');
const kafka = { brokers: [address], clientId: 'check', tls: null, sasl: null };
const admin = new Admin({ clientId: 'check', bootstrapBrokers: [address] });
const writer = openKafkaPartLogWriter(kafka);
const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

function sink(name: string, ...options: string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), 'a');
  const given = ['edge', 'sink', '--lake', lake, '--kafka', address, '--interval-s', '1', ...options];
  return spawn(process.execPath, [main, ...given], { stdio: ['ignore', log, log] });
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : Promise.resolve(child.exitCode);

let lineCount = 0;
/** New parts in the log. */
async function send(name: string, count: number): Promise<SmallPart[]> {
  const parts = Array.from({ length: count }, () => cellsPart(name, 3 * lineCount++, 2));
  for (const { message } of parts) await writer.append(kafkaPartsTopic, message);
  return parts;
}

async function rowCounts(): Promise<Map<string, number>> {
  const warehouse = fileObjectStore(join(lake, 'warehouse'));
  const rows = await readTableRows(
    { warehouse, catalog: pointerCatalog(warehouse) },
    silverReflectance,
    ['part_id'],
    [],
  );
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row['part_id'] as string, (counts.get(row['part_id'] as string) ?? 0) + 1);
  return counts;
}

async function requireExactly(parts: readonly SmallPart[]): Promise<void> {
  const wanted = new Map(parts.map(({ id, rowCount }) => [id, rowCount]));
  assert.deepEqual(new Map([...(await rowCounts())].sort()), new Map([...wanted].sort()));
}

async function untilRows(partCount: number): Promise<void> {
  for (let waits = 0; waits < 150; waits++) {
    if ((await rowCounts()).size >= partCount) return;
    await sleep(200);
  }
  throw new Error(`${partCount} parts do not come`);
}

/** Kafka makes topics and takes them away in its own time. */
async function untilThere(isThere: boolean): Promise<void> {
  for (let waits = 0; waits < 150; waits++) {
    if (((await reader.describe(kafkaPartsTopic)) !== null) === isThere) return;
    await sleep(200);
  }
  throw new Error(`Expected the topic to ${isThere ? 'come' : 'go'}, got neither.`);
}

await admin.createTopics({ topics: [kafkaPartsTopic, kafkaDeadLetterTopic], partitions: 3, replicas: 1 });
const kept = await send('c1', 3);
await writer.append(kafkaPartsTopic, kept[0]!.message);
const broken = { ...kept[1]!.message, value: Buffer.from('no part') };
await writer.append(kafkaPartsTopic, broken);
assert.equal(await exitOf(sink('first', '--until-idle-s', '3')), exitCodes.ok);
await requireExactly(kept);
const reader = openKafkaPartLogReader(kafka, 'check');
const reading = new AbortController();
const dead = await reader.describe(kafkaDeadLetterTopic);
const from = new Map([...dead!.partitions].map(([partition, { first }]) => [partition, first]));
for await (const { headers, value } of reader.read(kafkaDeadLetterTopic, from, reading.signal)) {
  assert.equal(Buffer.from(value).toString(), 'no part');
  assert.match(headers[deadLetterHeaders.error]!, /SHA-256/);
  assert.match(headers[deadLetterHeaders.origin]!, /^cubelake\.parts\/\d\/\d+$/);
  assert.equal(headers['ce_id'], kept[1]!.id);
  reading.abort();
}
say('a part twice is there once; a broken message is among the dead letters with its cause and place');

for (let round = 0; round < 6; round++) {
  const child = sink('killed');
  kept.push(...(await send(`k${round}`, 2)));
  await sleep(700 + 350 * round);
  child.kill('SIGKILL');
  await exitOf(child);
}
const sleeper = sink('sleeper');
await untilRows(kept.length);
await requireExactly(kept);
say('six kills at any moment: every part once');

sleeper.kill('SIGSTOP');
const second = sink('second');
kept.push(...(await send('z1', 3)));
await untilRows(kept.length);
sleeper.kill('SIGCONT');
kept.push(...(await send('z2', 3)));
const [fenced] = await Promise.race([
  exitOf(sleeper).then((code) => [code, 'sleeper']),
  exitOf(second).then((code) => [code, 'second']),
]);
assert.equal(fenced, exitCodes.retry);
for (const child of [sleeper, second]) child.kill('SIGTERM');
await Promise.all([sleeper, second].map(exitOf));
assert.equal(await exitOf(sink('after', '--until-idle-s', '3')), exitCodes.ok);
await requireExactly(kept);
say('a sink that was suspended wakes up beside another: one of them is fenced, every part once');

await send('lost', 3);
const there = (await reader.describe(kafkaPartsTopic))!;
const partitions = [...there.partitions].map(([partition, { next }]) => ({ partition, offset: next }));
await admin.deleteRecords({ topics: [{ name: kafkaPartsTopic, partitions }] });
assert.equal(await exitOf(sink('gap')), exitCodes.badConfiguration);
kept.push(...(await send('after-gap', 2)));
assert.equal(await exitOf(sink('gap', '--accept-gap', '--until-idle-s', '3')), exitCodes.ok);
await requireExactly(kept);
say('messages that retention took: stops, and goes on with --accept-gap');

await admin.deleteTopics({ topics: [kafkaPartsTopic] });
await untilThere(false);
await admin.createTopics({ topics: [kafkaPartsTopic], partitions: 3, replicas: 1 });
await untilThere(true);
kept.push(...(await send('epoch', 3)));
assert.equal(await exitOf(sink('epoch')), exitCodes.badConfiguration);
assert.equal(await exitOf(sink('epoch', '--new-epoch', '--until-idle-s', '3')), exitCodes.ok);
await requireExactly(kept);
say('a topic that was made again: stops, and goes on with --new-epoch');
await writer.close();
await reader.close();
await admin.close();
