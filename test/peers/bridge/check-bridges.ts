// Two bridges between real brokers, all of them killed now and then.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { openKafkaPartLogReader } from '#adapters/kafka/kafka-part-log-reader.ts';
import { openMqttPartLink } from '#adapters/mqtt/mqtt-part-link.ts';
import type { PartMessage } from '#core/ports/part-link.ts';
import type { LogRecord } from '#core/ports/part-log.ts';
import { RandomStream } from '#core/simulation/random-stream.ts';
import {
  deadLetterHeaders,
  kafkaDeadLetterTopic,
  kafkaPartsTopic,
  partMediaType,
  partTypes,
  type Receipt,
} from '#schemas/edge-messages.ts';
import type { Broker } from '../edge-chain/broker.ts';
import { Supervised, startCommand } from '../edge-chain/supervised.ts';

interface Servers {
  readonly folder: string;
  readonly kafka: Broker;
  readonly mosquitto: Broker;
  readonly kafkaAddress: string;
  readonly mqttUri: string;
  readonly say: (text: string) => void;
}

const deviceId = 'tractor-1';
const tls = { ca: null, cert: null, key: null };
const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

function part(index: number): PartMessage {
  const bytes = Buffer.from(`rows of part ${index}`);
  const id = createHash('sha256').update(bytes).digest('hex');
  const subject = `raw_cubes/eu/farm-a/cube-${index % 7}`;
  const fixed = { specversion: '1.0', datacontenttype: partMediaType } as const;
  return { attributes: { ...fixed, id, source: deviceId, type: partTypes.cells, subject }, bytes };
}

export async function checkBridges(servers: Servers): Promise<void> {
  const { folder, kafka, mosquitto, kafkaAddress, mqttUri, say } = servers;
  const random = new RandomStream(1, 'bridges');
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
  const bridges = ['bridge-1', 'bridge-2'].map((name) => {
    const parameters = ['edge', 'bridge', '--name', name, '--broker', mqttUri, '--kafka', kafkaAddress];
    return new Supervised(() => startCommand(parameters, join(folder, `${name}.log`), env));
  });
  const link = openMqttPartLink({ uri: mqttUri, clientId: deviceId, deviceId, tls });
  const receipts = new Map<string, Receipt>();
  link.onReceipt(async (receipt) => void receipts.set(receipt.id, receipt));
  const send = async (message: PartMessage): Promise<boolean> =>
    link.publish(message).then(
      () => true,
      () => false,
    );
  const parts = Array.from({ length: 300 }, (_, index) => part(index));
  try {
    // Both have joined, so that nothing is published before anyone wants it.
    await until('bridges that join', 20, async () => {
      await send(parts[0]!);
      return receipts.size > 0;
    });
    await sleep(1500);
    for (const [index, each] of parts.slice(0, 150).entries()) {
      await until('a broker that takes a part', 20, () => send(each));
      if (index % 10 === 5) bridges[random.index(2)]!.kill();
      if (index % 10 === 9) await sleep(600 * random.uniform());
      if (index === 75) await kafka.restart();
    }
    await until(
      '150 parts in Kafka',
      40,
      async () => idsOf(await everything(kafkaAddress, kafkaPartsTopic)).size >= 150,
    );
    say('150 parts that were sent once: all of them in Kafka, although bridges and Kafka were killed');

    const poison = { ...part(0), bytes: Buffer.from('other bytes') };
    await sendPoison(mqttUri, poison);
    const missing = (): PartMessage[] => parts.filter(({ attributes }) => !receipts.has(attributes.id));
    for (let round = 0; missing().length > 0 && round < 40; round++) {
      for (const each of missing()) await send(each);
      if (round < 5) bridges[round % 2]!.kill();
      if (round === 1 || round === 3) await mosquitto.restart();
      if (round === 2) await kafka.restart();
      await sleep(1000);
    }
    assert.deepEqual(missing(), []);
    const records = await everything(kafkaAddress, kafkaPartsTopic);
    const inKafka = idsOf(records);
    for (const { id, outcome } of receipts.values()) assert.ok(inKafka.has(id) && outcome === 'stored', id);
    for (const { attributes, bytes } of parts) {
      const found = records.find(({ headers }) => headers['ce_id'] === attributes.id)!;
      assert.equal(found.key, attributes.subject);
      assert.deepEqual(Buffer.from(found.value), Buffer.from(bytes));
      assert.equal(found.headers['content-type'], partMediaType);
    }
    const killCount = bridges.reduce((sum, each) => sum + each.killCount, 0);
    say(
      `${killCount} bridges, Kafka ${kafka.killCount} and Mosquitto ${mosquitto.killCount} times killed: 300 receipts, 300 parts in Kafka, ${records.length - 300} of them again`,
    );

    await until(
      'the poison among the dead letters',
      20,
      async () => (await everything(kafkaAddress, kafkaDeadLetterTopic)).length > 0,
    );
    const [letter] = await everything(kafkaAddress, kafkaDeadLetterTopic);
    assert.match(letter!.headers[deadLetterHeaders.error]!, /Expected bytes of SHA-256/);
    assert.equal(letter!.headers[deadLetterHeaders.origin], 'cubelake/parts/tractor-2');
    assert.equal(Buffer.from(letter!.value).toString(), 'other bytes');
    say('poison lies among the dead letters with its cause');
  } finally {
    await link.close();
    for (const bridge of bridges) assert.equal(await bridge.stop(), 0, 'a bridge ends when it is asked to');
  }
  for (const { exitCodes } of bridges)
    assert.ok(
      exitCodes.every((code) => code !== 70),
      `a bug: ${exitCodes}`,
    );
}

/** Of another device, which sends bytes that are not those that it names. */
async function sendPoison(mqttUri: string, { attributes, bytes }: PartMessage): Promise<void> {
  const client = await mqtt.connectAsync(mqttUri, { protocolVersion: 5, clientId: 'tractor-2' });
  const { datacontenttype, ...named } = { ...attributes, source: 'tractor-2' };
  await client.publishAsync('cubelake/parts/tractor-2', Buffer.from(bytes), {
    qos: 1,
    properties: { contentType: datacontenttype, userProperties: named },
  });
  await client.endAsync();
}

/** All messages that a topic has now; none while Kafka or the topic is not there. */
async function everything(address: string, topic: string): Promise<LogRecord[]> {
  const reader = openKafkaPartLogReader({ brokers: [address], clientId: 'check', tls: null, sasl: null }, 'check');
  const records: LogRecord[] = [];
  try {
    const found = await reader.describe(topic).catch(() => null);
    const partitions = [...(found?.partitions ?? [])];
    const lacking = new Map(partitions.filter(([, { first, next }]) => next > first));
    const reading = new AbortController();
    if (lacking.size === 0) return [];
    const from = new Map(partitions.map(([partition, { first }]) => [partition, first]));
    for await (const record of reader.read(topic, from, reading.signal)) {
      records.push(record);
      if (record.offset + 1n >= (lacking.get(record.partition)?.next ?? 0n)) lacking.delete(record.partition);
      if (lacking.size === 0) reading.abort();
    }
  } finally {
    await reader.close();
  }
  return records;
}

function idsOf(records: readonly LogRecord[]): Set<string> {
  return new Set(records.map(({ headers }) => headers['ce_id'] ?? ''));
}

async function until(what: string, seconds: number, isDone: () => Promise<boolean>): Promise<void> {
  for (let waits = 0; waits < 4 * seconds; waits++) {
    if (await isDone()) return;
    await sleep(250);
  }
  throw new Error(`Expected ${what} in ${seconds} s, got none.`);
}
