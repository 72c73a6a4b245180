import assert from 'node:assert/strict';
import { FormatError } from '#core/errors.ts';
import { partMessageBytesMax } from '#core/limits.ts';
import { bridge, field, partOf, requireSame, until } from './field-and-bridge.ts';

const kib = 1024;
/** Of the site's broker. */
const packetBytesMax = 1024 * kib;

/** Sizes up to the limit arrive as they are; above it a part stays where it is, and the connection too. */
export async function sizes(uri: string): Promise<string> {
  const arrived = new Map<string, number>();
  const working = bridge(uri, async (message) => void arrived.set(requireSame(message), message.bytes.length));
  const { link, changes } = field(uri);
  await until('a link and a bridge', () => link.isConnected() && working.isSubscribed());
  const good = [1, 128 * kib - 1, 128 * kib, 128 * kib + 1, partMessageBytesMax - 1, partMessageBytesMax];
  for (const [seed, sizeBytes] of good.entries()) await link.publish(partOf(seed, sizeBytes));
  await until('every size', () => arrived.size === good.length);
  assert.deepEqual([...arrived.values()].sort(), [...good].sort());

  const largest = packetBytesMax - 2048;
  await link.publish(partOf(50, largest));
  for (const sizeBytes of [largest + 1, packetBytesMax - 1, packetBytesMax, packetBytesMax + 1, 8 * 1024 * kib]) {
    await assert.rejects(link.publish(partOf(60, sizeBytes)), FormatError);
  }
  const last = partOf(70, 10);
  await link.publish(last);
  await until('a part after those that are too large', () => arrived.has(last.attributes.id));
  assert.deepEqual(changes, [{ isConnected: true, error: null }]);
  await working.stop();
  await link.close();
  return `parts of 1 to ${partMessageBytesMax} bytes arrive, and from ${largest + 1} on none leaves`;
}
