import assert from 'node:assert/strict';
import { partMessageBytesMax } from '#core/limits.ts';
import { BadLink } from '../edge-chain/bad-link.ts';
import type { Broker } from '../edge-chain/broker.ts';
import { bridge, field, partOf, requireSame, until } from './field-and-bridge.ts';

const bytesPerSecond = 320_000 / 8;

/** Two of the largest parts at once over 320 kbit/s: each takes longer than a ping may, and comes once. */
export async function slowLink(uri: string): Promise<string> {
  const arrived: string[] = [];
  const working = bridge(uri, async (message) => void arrived.push(requireSame(message)));
  const slow = new BadLink(uri.replace('mqtt://', ''));
  const near = field(`mqtt://127.0.0.1:${await slow.listen()}`);
  await until('a link and a bridge', () => near.link.isConnected() && working.isSubscribed());
  slow.mend(bytesPerSecond);
  const startMs = Date.now();
  const parts = [partOf(1, partMessageBytesMax), partOf(2, partMessageBytesMax)];
  await Promise.all(parts.map((part) => near.link.publish(part)));
  const seconds = (Date.now() - startMs) / 1000;
  assert.ok(seconds > 40, `${seconds} s`);
  await until('both parts', () => arrived.length >= 2);
  assert.deepEqual(
    arrived,
    parts.map(({ attributes }) => attributes.id),
  );
  assert.deepEqual(near.changes, [{ isConnected: true, error: null }]);
  await near.link.close();
  await working.stop();
  slow.close();
  return `two parts of ${partMessageBytesMax} bytes over 320 kbit/s in ${Math.round(seconds)} s, on one connection`;
}

/** A program that is told to end does not wait for a broker that stands still. */
export async function stoppedBroker(uri: string, broker: Broker): Promise<string> {
  const { link } = field(uri);
  await until('a link', () => link.isConnected());
  broker.signal('SIGSTOP');
  const lost = assert.rejects(link.publish(partOf(1, 1000)), /Expected the answer of the broker/);
  const startMs = Date.now();
  await link.close();
  await lost;
  const waitedMs = Date.now() - startMs;
  broker.signal('SIGCONT');
  assert.ok(waitedMs < 2000, `${waitedMs} ms`);
  return `a link to a broker that stands still is closed in ${waitedMs} ms`;
}
