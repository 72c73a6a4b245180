// The site's broker: who has no certificate is nobody, a device sends and reads its own, a bridge reads all. broker-rules.ts URI FOLDER
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';

const [uri, folder] = process.argv.slice(2) as [string, string];
const read = (name: string): Buffer => readFileSync(join(folder, name));

/** @throws when the broker hangs up first, as it does on who it does not know. */
function clientOf(name: string | null): Promise<MqttClient> {
  const keys = name === null ? {} : { cert: read(`${name}.crt`), key: read(`${name}.key`) };
  const client = connect(uri, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    ca: read('ca.crt'),
    ...keys,
  });
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.on('error', reject);
    client.once('close', () => reject(new Error('the broker hung up')));
  });
}

/** What the broker says of a message: 0x87 is "not authorized", after which this version hangs up. */
async function sends(name: string, topic: string): Promise<boolean> {
  const client = await clientOf(name);
  try {
    await client.publishAsync(topic, 'x', { qos: 1 });
    return true;
  } catch (error) {
    assert.equal((error as { code?: number }).code, 0x87);
    return false;
  } finally {
    client.end(true);
  }
}

await assert.rejects(clientOf(null));
const [tractor, bridge] = await Promise.all([clientOf('tractor-1'), clientOf('cubelake-bridge')]);
const got: string[] = [];
for (const client of [tractor, bridge])
  client.on('message', (topic) => void got.push(`${client === bridge ? 'bridge' : 'tractor'} ${topic}`));
await bridge.subscribeAsync('$share/cubelake-bridge/cubelake/parts/+', { qos: 1 });
for (const topic of ['cubelake/receipts/+', 'cubelake/parts/+', '#'])
  await tractor.subscribeAsync(topic, { qos: 1 }).catch(() => undefined);

assert.equal(await sends('tractor-1', 'cubelake/parts/tractor-1'), true);
assert.equal(await sends('tractor-1', 'cubelake/parts/tractor-2'), false);
assert.equal(await sends('tractor-1', 'cubelake/receipts/tractor-1'), false);
assert.equal(await sends('cubelake-bridge', 'cubelake/parts/tractor-1'), false);
assert.equal(await sends('cubelake-bridge', 'cubelake/receipts/tractor-2'), true);
assert.equal(await sends('cubelake-bridge', 'cubelake/receipts/tractor-1'), true);
const deadlineMs = performance.now() + 5000;
while (new Set(got).size < 2 && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 50));
await Promise.all([tractor.endAsync(), bridge.endAsync()]);
assert.deepEqual([...new Set(got)].sort(), ['bridge cubelake/parts/tractor-1', 'tractor cubelake/receipts/tractor-1']);
console.log(
  'broker: no certificate is refused; a device sends and reads its own only; a bridge reads parts and sends receipts',
);
