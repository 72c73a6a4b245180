// What bridges, writer and reader do with real brokers: node bridge.ts FOLDER
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Broker } from '../edge-chain/broker.ts';
import { exitOf, startCommand } from '../edge-chain/supervised.ts';
import { checkBridges } from './check-bridges.ts';
import { checkLog } from './check-log.ts';

const [folder] = process.argv.slice(2) as [string];
const startMs = Date.now();
const say = (text: string): void => console.log(`${Math.round((Date.now() - startMs) / 1000)} s: ${text}`);
const kafka = new Broker('kafka', join(folder, 'kafka'));
const mosquitto = new Broker('mosquitto', join(folder, 'mosquitto'));
try {
  const [kafkaAddress, mqttUri] = await Promise.all([kafka.start(), mosquitto.start()]);
  await checkLog(kafkaAddress, say);
  await checkBridges({ folder, kafka, mosquitto, kafkaAddress, mqttUri, say });
  const refused = ['edge', 'bridge', '--broker', mqttUri, '--kafka', 'nowhere'];
  assert.equal(await exitOf(startCommand(refused, join(folder, 'refused.log'), process.env)), 78);
} finally {
  kafka.stop();
  mosquitto.stop();
}
