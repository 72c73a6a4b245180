import { describe, expect, it } from 'vitest';
import { Publisher } from '#core/edge/publisher.ts';
import { FormatError, TemporaryError } from '#core/errors.ts';
import type { PartLink, PartMessage } from '#core/ports/part-link.ts';
import type { SpoolEntry } from '#core/ports/spool-index.ts';
import type { Receipt } from '#schemas/edge-messages.ts';
import { VirtualTime } from '../../edge-simulation/virtual-time.ts';

const granuleKey = 'raw_cubes/eu/farm/2026/07/01/c1';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const idOf = (part: number): string => part.toString(16).padStart(64, '0');

/** A machine with `partCount` parts of 100 bytes, and a broker whose answers the test gives. */
function machine({ partCount, bytesPerSecondMax = null }: { partCount: number; bytesPerSecondMax?: number | null }) {
  const time = new VirtualTime();
  const entries = Array.from(
    { length: partCount },
    (_, at): SpoolEntry => ({ sequence: at, contentId: idOf(at), kind: 'cells', granuleKey, sizeBytes: 100 }),
  );
  const sent: { part: number; atMs: number }[] = [];
  const events: string[] = [];
  const damaged: number[] = [];
  let tellChange: (isConnected: boolean, error: string | null) => void;
  let takeReceipt: (receipt: Receipt) => Promise<void>;
  let isConnected = true;
  const broker = { answer: (_: PartMessage): Promise<void> => Promise.resolve() };
  const link: PartLink = {
    isConnected: () => isConnected,
    publish: (message) => {
      if (!isConnected) return Promise.reject(new TemporaryError('Expected a connection to the broker, got none.'));
      sent.push({ part: Number.parseInt(message.attributes.id, 16), atMs: time.elapsedMs() });
      return broker.answer(message);
    },
    onReceipt: (listener) => {
      takeReceipt = listener;
    },
    onChange: (listener) => {
      tellChange = listener;
    },
    close: () => Promise.resolve(),
  };
  const spool = {
    next: (countMax: number): SpoolEntry[] => entries.slice(0, countMax),
    read: (_: SpoolEntry): Promise<Uint8Array> => Promise.resolve(new Uint8Array(100)),
    acknowledge: async (contentId: string): Promise<void> => {
      const at = entries.findIndex((entry) => entry.contentId === contentId);
      if (at >= 0) entries.splice(at, 1);
    },
  };
  const publisher = new Publisher({
    spool,
    link,
    deviceId: 'tractor-1',
    stopwatch: time,
    bytesPerSecondMax,
    progress: { report: (event) => void events.push(event) },
    onDamaged: ({ sequence }) => void damaged.push(sequence),
  });
  const power = new AbortController();
  return {
    time,
    entries,
    sent,
    events,
    damaged,
    broker,
    spool,
    publisher,
    power,
    run: () => publisher.run(power.signal),
    receipt: (part: number, outcome: Receipt['outcome'] = 'stored') =>
      takeReceipt({ id: idOf(part), outcome, reason: null }),
    setLink: (isUp: boolean) => {
      isConnected = isUp;
      tellChange(isUp, null);
    },
    timesOf: (part: number) => sent.filter((one) => one.part === part).length,
  };
}

describe('a publisher', () => {
  it('sends the oldest first and lets go of a part at its receipt, not before', async () => {
    const field = machine({ partCount: 3 });
    const running = field.run();
    await field.time.runUntil(minuteMs);
    expect(field.sent.map(({ part }) => part)).toEqual([0, 1, 2]);
    expect(field.entries).toHaveLength(3);
    await field.receipt(1);
    await field.receipt(1);
    await field.receipt(77);
    await field.receipt(0, 'dead');
    expect(field.entries.map(({ contentId }) => contentId)).toEqual([idOf(2)]);
    expect(field.events).toContain('Part:Receipt:Dead');
    field.power.abort();
    await field.time.runUntil(2 * minuteMs);
    await running;
  });

  it('sends what nobody takes once, and its oldest part less and less often', async () => {
    const field = machine({ partCount: 200 });
    void field.run();
    await field.time.runUntil(12 * hourMs);
    expect(new Set(field.sent.map(({ part }) => part)).size).toBe(64);
    expect(field.sent.length - 64).toBe(field.timesOf(0) - 1);
    expect(field.timesOf(0)).toBeGreaterThan((12 * 60) / 35);
    expect(field.timesOf(0)).toBeLessThan((12 * 60) / 30 + 8);
  });

  it('sends again what a broker lost, once later parts have their receipts', async () => {
    const field = machine({ partCount: 10 });
    void field.run();
    await field.time.runUntil(minuteMs);
    field.entries.push({ sequence: 10, contentId: idOf(10), kind: 'plots', granuleKey, sizeBytes: 100 });
    field.publisher.wake();
    await field.time.runUntil(3 * minuteMs + 1000);
    expect(field.sent.slice(11).map(({ part }) => part)).toEqual([0]);
    await field.receipt(10);
    await field.time.runUntil(3 * minuteMs + 2000);
    expect(field.sent.slice(12).map(({ part }) => part)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('waits for a receipt from when the broker has the part: on a slow link that is long after it was sent', async () => {
    const field = machine({ partCount: 1 });
    field.broker.answer = () => field.time.sleepMs(10 * minuteMs);
    void field.run();
    await field.time.runUntil(11 * minuteMs);
    expect(field.sent).toHaveLength(1);
    await field.receipt(0);
    await field.time.runUntil(hourMs);
    expect(field.sent).toHaveLength(1);
  });

  it('sends what a broken link carried as soon as there is a link', async () => {
    const field = machine({ partCount: 6 });
    field.broker.answer = async () => {
      field.setLink(false);
      throw new TemporaryError('Expected the answer of the broker, got a lost link.');
    };
    void field.run();
    await field.time.runUntil(hourMs);
    expect(field.sent.map(({ part }) => part)).toEqual([0]);
    field.broker.answer = () => Promise.resolve();
    field.setLink(true);
    await field.time.runUntil(hourMs + 1);
    expect(field.sent.slice(1).map(({ part }) => part)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('waits no longer than at first when the link is back: the broker may have started without what it had', async () => {
    const field = machine({ partCount: 1 });
    void field.run();
    await field.time.runUntil(3 * hourMs);
    const before = field.sent.length;
    field.setLink(true);
    await field.time.runUntil(3 * hourMs + 3 * minuteMs);
    expect(field.sent.length).toBe(before + 1);
  });

  it('asks a broker that refuses less and less often', async () => {
    const field = machine({ partCount: 6 });
    field.broker.answer = () =>
      Promise.reject(new TemporaryError('Expected the broker to take a part, got: not authorized.'));
    void field.run();
    await field.time.runUntil(hourMs);
    expect(field.sent.length).toBeGreaterThan(100);
    expect(field.sent.length).toBeLessThan(150);
  });

  it('goes on beside parts that cannot be read, and tries them again at the next connection', async () => {
    const field = machine({ partCount: 4 });
    const { read } = field.spool;
    field.spool.read = (entry) =>
      entry.sequence < 2 ? Promise.reject(new FormatError('Expected a payload, got other bytes.')) : read(entry);
    void field.run();
    await field.time.runUntil(minuteMs);
    expect(field.sent.map(({ part }) => part)).toEqual([2, 3]);
    expect(field.events.filter((event) => event === 'Part:Publish:Failed')).toHaveLength(2);
    await field.receipt(2);
    await field.receipt(3);
    expect(field.entries).toHaveLength(2);
    field.spool.read = read;
    field.setLink(true);
    await field.time.runUntil(2 * minuteMs);
    expect(field.sent.slice(2).map(({ part }) => part)).toEqual([0, 1]);
  });

  it('tells of parts that the disk has damaged, and sends them once they are whole again', async () => {
    const field = machine({ partCount: 3 });
    const { read } = field.spool;
    field.spool.read = (entry) =>
      entry.sequence === 1 ? Promise.reject(new FormatError('Expected a payload, got other bytes.')) : read(entry);
    void field.run();
    await field.time.runUntil(minuteMs);
    expect([field.damaged, field.publisher.stuckCount]).toEqual([[1], 1]);
    field.spool.read = read;
    field.publisher.retry([idOf(1)]);
    await field.time.runUntil(minuteMs + 1);
    expect(field.sent.map(({ part }) => part)).toEqual([0, 2, 1]);
    expect(field.publisher.stuckCount).toBe(0);
  });

  it('takes a part for damaged that the disk gives no more, and sends the others', async () => {
    const field = machine({ partCount: 3 });
    const { read } = field.spool;
    let readCount = 0;
    field.spool.read = (entry) => {
      if (entry.sequence !== 1) return read(entry);
      readCount++;
      return Promise.reject(new TemporaryError('Expected the disk to answer, got EIO.'));
    };
    void field.run();
    await field.time.runUntil(hourMs);
    expect([readCount, field.damaged, field.publisher.stuckCount]).toEqual([5, [1], 1]);
    expect([...new Set(field.sent.map(({ part }) => part))]).toEqual([0, 2]);
  });

  it('keeps its cap, a part at a time', async () => {
    const field = machine({ partCount: 20, bytesPerSecondMax: 10 });
    void field.run();
    await field.time.runUntil(100_000);
    expect(field.sent.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 11 }, (_, at) => at * 10_000));
  });

  it('ends at once when it is told to, though the broker stands still, and within seconds', async () => {
    const field = machine({ partCount: 9 });
    field.broker.answer = () => new Promise(() => {});
    const running = field.run();
    await field.time.runUntil(minuteMs);
    expect(field.sent).toHaveLength(4);
    field.power.abort();
    await field.time.runUntil(minuteMs + 6000);
    await running;
  });

  it('ends with an error of the disk, and sends on when it is run again', async () => {
    const field = machine({ partCount: 2 });
    const { acknowledge } = field.spool;
    field.spool.acknowledge = () => Promise.reject(new TemporaryError('Expected to write the spool, got a full disk.'));
    const running = field.run();
    const ended = expect(running).rejects.toThrow('full disk');
    await field.time.runUntil(1000);
    await field.receipt(0);
    await field.time.runUntil(2000);
    await ended;
    expect(field.entries).toHaveLength(2);
    field.spool.acknowledge = acknowledge;
    void field.run();
    await field.time.runUntil(10 * minuteMs);
    expect(field.timesOf(0)).toBeGreaterThan(1);
    await field.receipt(0);
    expect(field.entries).toHaveLength(1);
  });

  it('ends with a bug, and leaves no rejection that nobody sees', async () => {
    const field = machine({ partCount: 1 });
    field.spool.read = () => Promise.reject(new RangeError('bug'));
    const ended = expect(field.run()).rejects.toThrow('bug');
    await field.time.runUntil(1000);
    await ended;
  });
});
