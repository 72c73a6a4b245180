import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { systemStopwatch } from '#adapters/system/system-stopwatch.ts';
import { Publisher } from '#core/edge/publisher.ts';
import { Spool } from '#core/edge/spool.ts';
import { TemporaryError } from '#core/errors.ts';
import { DurableIndex } from '../../edge-simulation/durable-index.ts';
import type { Broker } from '../edge-chain/broker.ts';
import { bridge, deviceId, field, granuleKey, partOf, requireSame, until } from './field-and-bridge.ts';

const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** Messages whose handler fails, or does not end, come again; those that came while there was no bridge wait. */
export async function failingHandlers(uri: string): Promise<string> {
  const delivered: string[] = [];
  let failureCount = 0;
  const failing = bridge(uri, async (message) => {
    const id = requireSame(message);
    if (failureCount++ % 3 < 2) throw new TemporaryError('Expected Kafka, got none.');
    delivered.push(id);
  });
  const { link } = field(uri);
  await until('a link and a bridge', () => link.isConnected() && failing.isSubscribed());
  const parts = Array.from({ length: 6 }, (_, seed) => partOf(seed, 10_000));
  for (const part of parts) await link.publish(part);
  const ids = parts.map(({ attributes }) => attributes.id);
  await until('every message after two failures', () => ids.every((id) => delivered.includes(id)), 60);
  await failing.stop();
  const countBefore = failureCount;

  const hanging = bridge(uri, () => {
    failureCount++;
    return new Promise(() => {});
  });
  const waiting = Array.from({ length: 5 }, (_, seed) => partOf(100 + seed, 10_000));
  for (const part of waiting) await link.publish(part);
  await until('a message that hangs', () => failureCount > countBefore);
  const startMs = Date.now();
  await hanging.stop();
  const stopMs = Date.now() - startMs;
  assert.ok(stopMs < 8000, `${stopMs} ms for a bridge to stop`);
  const offline = partOf(200, 10_000);
  await link.publish(offline);
  const order: string[] = [];
  const working = bridge(uri, async (message) => void order.push(requireSame(message)));
  const wanted = [...waiting, offline].map(({ attributes }) => attributes.id);
  await until('what had no bridge', () => order.length >= wanted.length);
  await sleep(500);
  assert.deepEqual(order, wanted);
  await working.stop();
  await link.close();
  return `6 messages came until their handler had not failed, after ${countBefore} calls; 6 waited for a bridge; one whose handler hangs stops in ${stopMs} ms`;
}

/** @returns What happened to 150 parts of 128 KiB while the broker was killed, each second time with all that it had written. */
export async function kills(uri: string, broker: Broker, brokerFolder: string): Promise<string> {
  const [index, stored] = [new DurableIndex(), new Map<string, number>()];
  const spool = await Spool.open({ payloads: memoryObjectStore(), index, budgetBytes: 1e9 });
  for (let seed = 0; seed < 150; seed++) await spool.add('cells', granuleKey, partOf(1000 + seed, 128 * 1024).bytes);
  const partCount = index.release(granuleKey).length;
  const working = bridge(uri, async (message, sendReceipt) => {
    const id = requireSame(message);
    // Slower than they come: the broker has a queue to lose.
    await sleep(100);
    stored.set(id, (stored.get(id) ?? 0) + 1);
    sendReceipt({ id, outcome: 'stored', reason: null });
  });
  const { link } = field(uri);
  let [early, sentCount] = [0, 0];
  const watched = {
    next: (countMax: number) => spool.next(countMax),
    read: (entry: Parameters<Spool['read']>[0]) => spool.read(entry),
    acknowledge: async (id: string) => {
      if (!stored.has(id)) early++;
      await spool.acknowledge(id);
    },
  };
  const stopping = new AbortController();
  const stopwatch = systemStopwatch;
  const publisher = new Publisher({
    spool: watched,
    link,
    deviceId,
    stopwatch,
    bytesPerSecondMax: 2_000_000,
    receiptWaitMs: 2000,
    progress: { report: (event) => void (event === 'Part:Publish:Done' && sentCount++) },
  });
  const running = publisher.run(stopping.signal);
  for (let kill = 0; kill < 5; kill++) {
    await sleep(1500);
    await broker.restart(() => {
      if (kill % 2 === 1) rmSync(join(brokerFolder, 'mosquitto.db'), { force: true });
    });
  }
  await until('an empty spool', () => index.totals().partCount === 0, 120);
  stopping.abort();
  await running;
  await working.stop();
  await link.close();
  assert.equal(stored.size, partCount);
  assert.equal(early, 0, 'let go of before the bridge had it');
  const copies = [...stored.values()].reduce((total, count) => total + count, 0);
  assert.ok(copies < 2 * partCount, `${copies} copies`);
  assert.ok(sentCount > partCount, 'nothing was lost, so that nothing is shown');
  return `${partCount} parts of 128 KiB through ${broker.killCount} kills of the broker: all there, ${sentCount - partCount} were sent again, ${copies - partCount} came twice`;
}
