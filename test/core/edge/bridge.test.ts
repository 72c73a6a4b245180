import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bridgePart } from '#core/edge/bridge.ts';
import { TemporaryError } from '#core/errors.ts';
import { partMessageBytesMax } from '#core/limits.ts';
import type { LogMessage } from '#core/ports/part-log.ts';
import type { IncomingPart } from '#core/ports/part-source.ts';
import { RandomStream } from '#core/simulation/random-stream.ts';
import { kafkaDeadLetterTopic, partMediaType, partTypes, type Receipt } from '#schemas/edge-messages.ts';

const kafkaMessageBytesMax = 1_048_588;
const partsTopic = 'parts-of-a-test';
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function part(text: string, changes: Record<string, string> = {}): IncomingPart {
  const bytes = Buffer.from(text);
  const attributes = {
    specversion: '1.0',
    id: hashOf(bytes),
    source: 'tractor-1',
    type: partTypes.cells,
    subject: 'raw_cubes/eu/farm-a/cube',
    datacontenttype: partMediaType,
    ...changes,
  };
  return { topic: 'cubelake/parts/tractor-1', bytes, attributes };
}

/** A log and a broker that remember, and that a test may break. */
class World {
  readonly log: (LogMessage & { readonly topic: string })[] = [];
  readonly receipts: { readonly deviceId: string; readonly receipt: Receipt }[] = [];
  readonly events: string[] = [];
  beforeAppend = (): void => undefined;
  afterAppend = (): void => undefined;
  beforeReceipt = (): void => undefined;

  readonly bring = (message: IncomingPart): Promise<void> =>
    bridgePart(message, {
      partsTopic,
      writer: {
        append: async (topic, each) => {
          this.beforeAppend();
          this.log.push({ topic, ...each });
          this.afterAppend();
        },
        close: async () => undefined,
      },
      source: {
        sendReceipt: (deviceId, receipt) => {
          this.beforeReceipt();
          this.receipts.push({ deviceId, receipt });
        },
      },
      progress: { report: (event) => void this.events.push(event) },
    });
}

describe('a bridge', () => {
  it('brings a part to the log under its granule, and then its device a receipt', async () => {
    const world = new World();
    const message = part('rows');
    world.beforeReceipt = () => expect(world.log).toHaveLength(1);
    await world.bring(message);
    const { id, source, type, subject } = message.attributes;
    const headers = { ce_specversion: '1.0', ce_id: id, ce_source: source, ce_type: type, ce_subject: subject };
    expect(world.log).toEqual([
      { topic: partsTopic, key: subject, headers: { ...headers, 'content-type': partMediaType }, value: message.bytes },
    ]);
    expect(world.receipts).toEqual([{ deviceId: 'tractor-1', receipt: { id, outcome: 'stored', reason: null } }]);
    expect(world.events).toEqual(['Part:Bridge:Done']);
  });

  it.each<[string, IncomingPart, RegExp]>([
    ['of another device', part('a', { source: 'tractor-2' }), /device of its topic, got one of tractor-2/],
    ['with other bytes', { ...part('a'), bytes: Buffer.from('b') }, /Expected bytes of SHA-256/],
    [
      'of no known type',
      part('a', { type: 'cubelake.edge.cells.v9' }),
      /attribute type .* got "cubelake.edge.cells.v9"/,
    ],
    ['of no granule', part('a', { subject: '../../etc' }), /attribute subject/],
    ['of a later CloudEvents', part('a', { specversion: '2.0' }), /attribute specversion/],
    ['that is too large', part('x'.repeat(partMessageBytesMax + 1)), /at most 921600 bytes, got 921601/],
  ])('buries a message %s with its cause, and tells the device', async (_, message, cause) => {
    const world = new World();
    await world.bring(message);
    expect(world.log).toHaveLength(1);
    const [letter] = world.log;
    expect(letter!.topic).toBe(kafkaDeadLetterTopic);
    expect(letter!.headers['cubelake_error']).toMatch(cause);
    expect(letter!.headers['cubelake_origin']).toBe(message.topic);
    expect(letter!.headers['ce_id']).toBe(message.attributes['id']);
    expect(letter!.value).toEqual(message.bytes.subarray(0, partMessageBytesMax));
    expect(world.receipts).toEqual([
      {
        deviceId: 'tractor-1',
        receipt: { id: message.attributes['id'], outcome: 'dead', reason: letter!.headers['cubelake_error'] },
      },
    ]);
  });

  it.each<[string, IncomingPart]>([
    ['without attributes', { ...part('a'), attributes: {} }],
    ['whose id is none', part('a', { id: 'A'.repeat(64) })],
    ['in a topic that is no device’s', { ...part('a'), topic: 'cubelake/parts/Tractor 1' }],
  ])('buries a message %s, and tells nobody', async (_, message) => {
    const world = new World();
    await world.bring(message);
    expect(world.log.map(({ topic }) => topic)).toEqual([kafkaDeadLetterTopic]);
    expect(world.receipts).toEqual([]);
  });

  it('takes a part of just the largest size', async () => {
    const world = new World();
    await world.bring(part('x'.repeat(partMessageBytesMax)));
    expect(world.log.map(({ topic }) => topic)).toEqual([partsTopic]);
  });

  // A letter that Kafka refuses would come again for ever, and nothing after it.
  it('makes every dead letter small enough for Kafka, whatever a stranger has sent', async () => {
    const world = new World();
    const attributes = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`${index}${'\u20ac'.repeat(2000)}`, '\u20ac'.repeat(20_000)]),
    );
    const topic = `cubelake/parts/${'\u20ac'.repeat(21_000)}`;
    await world.bring({ topic, attributes, bytes: Buffer.alloc(2 * kafkaMessageBytesMax) });
    const { key, headers, value } = world.log[0]!;
    const texts = [key, ...Object.entries(headers).flat()].reduce((sum, text) => sum + Buffer.byteLength(text) + 10, 0);
    expect(texts + value.length + 100).toBeLessThan(kafkaMessageBytesMax);
  });

  it('leaves the message with the broker when the log does not take it: no receipt, for part or dead letter', async () => {
    const world = new World();
    world.beforeAppend = () => {
      throw new TemporaryError('away');
    };
    await expect(world.bring(part('a'))).rejects.toThrow(TemporaryError);
    await expect(world.bring(part('a', { type: 'x' }))).rejects.toThrow(TemporaryError);
    expect(world.receipts).toEqual([]);
    expect(world.events).toEqual([]);
  });
});

describe('a bridge in trouble', () => {
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

  it.each(seeds)(
    'loses nothing that the broker was told of, and promises nothing that is not there (seed %i)',
    async (seed) => {
      const random = new RandomStream(seed, 'bridge');
      const world = new World();
      const breaks = (): void => {
        if (random.uniform() < 0.25) throw new TemporaryError('killed here');
      };
      const receiptIds = (): string[] => world.receipts.map(({ receipt }) => receipt.id);
      world.beforeAppend = breaks;
      world.afterAppend = breaks;
      world.beforeReceipt = breaks;
      const messages = Array.from({ length: 30 }, (_, index) =>
        part(`rows ${index}`, random.uniform() < 0.2 ? { type: 'poison' } : {}),
      );
      const waiting = [...messages];
      const acknowledged: IncomingPart[] = [];
      for (let turn = 0; waiting.length > 0 && turn < 2000; turn++) {
        const message = waiting.shift()!;
        const isDone = await world.bring(message).then(
          () => true,
          () => false,
        );
        if (isDone) acknowledged.push(message);
        else waiting.push(message);
        const logged = new Set(world.log.map(({ headers }) => headers['ce_id']));
        for (const each of acknowledged) expect(logged).toContain(each.attributes['id']);
        for (const id of receiptIds()) expect(logged).toContain(id);
      }
      expect(waiting).toEqual([]);
      expect(new Set(receiptIds()).size).toBe(messages.length);
    },
  );
});
