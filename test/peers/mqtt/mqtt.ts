// What the adapter of MQTT and the publisher do with real brokers: node mqtt.ts FOLDER, which check.sh has set up.
import { join } from 'node:path';
import { Broker } from '../edge-chain/broker.ts';
import { certificates } from './certificates.ts';
import { failingHandlers, kills } from './deliveries.ts';
import { sizes } from './sizes.ts';
import { slowLink, stoppedBroker } from './slow-link.ts';

const [folder] = process.argv.slice(2) as [string];
const startMs = Date.now();
const say = (text: string): void => console.log(`${Math.round((Date.now() - startMs) / 1000)} s: ${text}`);
const brokers: Broker[] = [];

async function brokerOf(name: string): Promise<{ broker: Broker; uri: string }> {
  const broker = new Broker('mosquitto', join(folder, name));
  brokers.push(broker);
  return { broker, uri: await broker.start() };
}

try {
  const slow = await brokerOf('slow');
  await Promise.all([
    slowLink(slow.uri).then(say),
    (async () => {
      const killed = await brokerOf('kills');
      say(await failingHandlers(killed.uri));
      say(await kills(killed.uri, killed.broker, join(folder, 'kills')));
      say(await stoppedBroker(killed.uri, killed.broker));
      const sized = await brokerOf('sizes');
      say(await sizes(sized.uri));
      const site = await brokerOf('site');
      say(await certificates(site.uri.replace('mqtt:', 'mqtts:'), folder));
    })(),
  ]);
} finally {
  for (const broker of brokers) broker.stop();
}
