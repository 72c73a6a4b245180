import { expect } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { Publisher, type PublisherOptions } from '#core/edge/publisher.ts';
import { Spool } from '#core/edge/spool.ts';
import { TemporaryError } from '#core/errors.ts';
import { seededNumbers } from '../peers/burst/processes.ts';
import { byteScale, Site } from './bad-link.ts';
import { DurableIndex } from './durable-index.ts';
import { VirtualTime } from './virtual-time.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** 900 KiB of a real part. */
const partBytes = Math.ceil((900 * 1024) / byteScale);
const capBytesPerSecond = 4e6 / 8 / byteScale;

/** Ways to be wrong that the simulation must notice. */
export type Mutation =
  | 'acknowledges what the broker took'
  | 'sends the newest first'
  | 'forgets what it had sent'
  | 'ignores the cap';

export interface Day {
  readonly partCount: number;
  readonly bootCount: number;
  readonly stoppedCount: number;
  readonly sentCount: number;
}

/**
 * 24 hours of a field machine on a bad link, in virtual time, then a good link until nothing is left. Captures come all day; the
 * machine loses power at any moment; the spool is so small that it stops acquisition at times.
 *
 * @throws (expect) when the spool outgrows its budget, parts do not leave in the order of their making, one is let go of that
 *   the cloud does not have, or is lost; when the link carries more than it may, or a part again and again.
 */
export async function simulateDay(seed: number, mutation: Mutation | null = null): Promise<Day> {
  const next = seededNumbers(seed);
  const time = new VirtualTime();
  const site = new Site(time, next);
  const [payloads, index] = [memoryObjectStore(), new DurableIndex()];
  const budgetBytes = (20 + Math.floor(80 * next())) * partBytes;
  const released: string[] = [];
  let [bootCount, stoppedCount, captureCount] = [0, 0, 0];
  let isOver = false;
  let seen = { sentBytes: 0, bootCount: 0 };

  const errors: unknown[] = [];
  const failures: Promise<void>[] = [];
  let wake = (): void => {};
  const openSpool = () => Spool.open({ payloads, index, budgetBytes });
  let spool = await openSpool();
  let running = boot();

  function boot(): { stop: () => void } {
    bootCount++;
    const link = site.connect();
    const power = new AbortController();
    const own = spool;
    const watched: PublisherOptions['spool'] = {
      next: (countMax) => (mutation === 'sends the newest first' ? own.next(10_000).toReversed() : own.next(countMax)),
      read: async (entry) => {
        const bytes = await own.read(entry);
        if (mutation === 'forgets what it had sent') await watched.acknowledge(entry.contentId);
        return bytes;
      },
      acknowledge: async (contentId) => {
        // What a machine does after its power is gone does not happen.
        if (power.signal.aborted) return;
        if (!site.cloud.ids.has(contentId))
          errors.push(new Error(`seed ${seed}: let go of ${contentId}, which the cloud lacks`));
        await own.acknowledge(contentId);
      },
    };
    const publish = link.publish.bind(link);
    if (mutation === 'acknowledges what the broker took') {
      link.publish = async (message) => {
        await publish(message);
        await watched.acknowledge(message.attributes.id);
      };
    }
    const publisher = new Publisher({
      spool: watched,
      link,
      deviceId: 'tractor-1',
      stopwatch: time,
      bytesPerSecondMax: mutation === 'ignores the cap' ? null : capBytesPerSecond,
    });
    wake = () => publisher.wake();
    failures.push(publisher.run(power.signal).catch((error: unknown) => void errors.push(error)));
    return {
      stop: () => {
        power.abort();
        void link.close();
      },
    };
  }

  async function capture(): Promise<void> {
    time.after(30_000 + 20 * 60_000 * next(), () => void capture().catch((error: unknown) => void errors.push(error)));
    if (isOver) return;
    if (spool.mustStopAcquisition()) {
      stoppedCount++;
      return;
    }
    const granuleKey = `raw_cubes/eu/farm/2026/07/01/c${captureCount++}`;
    const [own, partCount] = [spool, 1 + Math.floor(4 * next())];
    try {
      await own.add('preview', granuleKey, Buffer.from(`p${captureCount}`));
      for (let part = 0; part < partCount; part++) {
        await own.add('cells', granuleKey, Buffer.from(`${captureCount}/${part}`.padEnd(partBytes)));
        await time.sleepMs(1000);
        if (own !== spool) return;
      }
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error;
      await own.discardUnreleased(granuleKey);
      return;
    }
    for (const { contentId } of index.release(granuleKey)) released.push(contentId);
    wake();
  }

  const look = (): void => {
    time.after(60_000, look);
    expect(index.totals().sizeBytes, `seed ${seed}`).toBeLessThanOrEqual(budgetBytes);
    // In a minute what the cap allows, the part that was on its way, and one for each boot.
    const allowed = 60 * capBytesPerSecond + (2 + bootCount - seen.bootCount) * partBytes;
    expect(site.cloud.sentBytes - seen.sentBytes, `seed ${seed}: bytes a minute`).toBeLessThanOrEqual(allowed);
    seen = { sentBytes: site.cloud.sentBytes, bootCount };
  };

  const rebootLater = (): void => {
    time.after(6 * hourMs * next(), async () => {
      if (isOver) return;
      running.stop();
      spool = await openSpool();
      // What was being made is made again.
      for (const key of index.partCounts().keys()) await spool.discardUnreleased(key);
      running = boot();
      rebootLater();
    });
  };

  void capture();
  look();
  rebootLater();
  await time.runUntil(dayMs);
  isOver = true;
  site.becomeGood();
  await time.runUntil(dayMs + 12 * hourMs);
  running.stop();
  await time.runUntil(dayMs + 13 * hourMs);
  await Promise.all(failures);
  if (errors.length > 0) throw errors[0];
  expect(index.totals().partCount, `seed ${seed}: left in the spool`).toBe(0);
  expect(new Set(released).difference(site.cloud.ids), `seed ${seed}: lost`).toEqual(new Set());
  expect(
    site.cloud.firstSent.map(({ contentId }) => contentId),
    `seed ${seed}: order`,
  ).toEqual(released);
  // A bridge that stands still for hours, in a queue that grows by copies: a broker would be full at noon.
  expect(site.cloud.sentBytes / partBytes, `seed ${seed}: copies`).toBeLessThan(2.5 * released.length + 20);
  return {
    partCount: released.length,
    bootCount,
    stoppedCount,
    sentCount: Math.round(site.cloud.sentBytes / partBytes),
  };
}
