import { describe, expect, it } from 'vitest';
import { receiveCountMax } from '#core/limits.ts';
import type { Queue } from '#core/ports/queue.ts';
import type { TestClock } from './test-clock.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  readonly clock: TestClock;
  readonly visibilityTimeoutMs: number;
  /** How much earlier and later than told time may pass for the queue: 0 when absent, for queues on the test's clock. */
  readonly slackMs?: number;
  /** False for a queue that does not say when its oldest message was sent; true when absent. */
  readonly tellsAge?: boolean;
  /** False for a queue where the receipt of an earlier receive may still delete, which SQS allows itself; true when absent. */
  readonly voidsEarlyReceipts?: boolean;
}

/** What every queue promises. `create` returns an empty one. */
export function queueConformance(name: string, create: () => QueueUnderTest | Promise<QueueUnderTest>): void {
  describe(`${name} as a queue`, () => {
    deliveries(create);
    deadLetters(create);
  });
}

function deliveries(create: () => QueueUnderTest | Promise<QueueUnderTest>): void {
  it('delivers every message and hides it until the visibility timeout ends', async () => {
    const { queue, clock, visibilityTimeoutMs, slackMs = 0 } = await create();
    await queue.send(['a', 'b', 'c']);
    const first = await queue.receive(2);
    const second = await queue.receive(10);
    expect([...first, ...second].map(({ body }) => body).toSorted()).toEqual(['a', 'b', 'c']);
    expect(await queue.receive(10)).toEqual([]);
    expect(await queue.depth()).toMatchObject({ visibleCount: 0, hiddenCount: 3, deadCount: 0 });
    clock.advance(visibilityTimeoutMs - 1 - slackMs);
    expect(await queue.receive(10)).toEqual([]);
    clock.advance(1 + slackMs);
    const again = await queue.receive(10);
    expect(again.map(({ receiveCount }) => receiveCount)).toEqual([2, 2, 2]);
  });

  it('never delivers again what was deleted', async () => {
    const { queue, clock, visibilityTimeoutMs } = await create();
    await queue.send(['a', 'b']);
    const [message] = await queue.receive(1);
    await queue.delete([message!.receipt]);
    clock.advance(visibilityTimeoutMs);
    expect((await queue.receive(10)).map(({ messageId }) => messageId)).not.toContain(message!.messageId);
    expect(await queue.depth()).toMatchObject({ visibleCount: 0, hiddenCount: 1 });
  });

  it('does nothing for the receipt of an earlier receive', async () => {
    const { queue, clock, visibilityTimeoutMs, voidsEarlyReceipts = true } = await create();
    await queue.send(['a']);
    const [early] = await queue.receive(1);
    clock.advance(visibilityTimeoutMs);
    await queue.receive(1);
    await queue.delete(['no receipt at all']);
    if (voidsEarlyReceipts) await queue.delete([early!.receipt]);
    if (voidsEarlyReceipts) await queue.release([early!.receipt], 0);
    expect(await queue.receive(1)).toEqual([]);
    clock.advance(visibilityTimeoutMs);
    expect(await queue.receive(1)).toHaveLength(1);
  });

  it('shows a released message after its delay', async () => {
    const { queue, clock } = await create();
    await queue.send(['a']);
    const [message] = await queue.receive(1);
    await queue.release([message!.receipt], 1000);
    expect(await queue.receive(1)).toEqual([]);
    clock.advance(1000);
    expect((await queue.receive(1))[0]?.messageId).toBe(message!.messageId);
  });

  it('keeps bodies with any characters, and says when the oldest was sent', async () => {
    const { queue, clock, tellsAge = true } = await create();
    const body = JSON.stringify({ key: 'ä +%/日本\u{1f600}', quote: '\'"' });
    const sentMs = clock.nowMs();
    await queue.send([body]);
    clock.advance(5000);
    await queue.send(['b']);
    expect((await queue.depth()).oldestSentMs).toBe(tellsAge ? sentMs : null);
    expect((await queue.receive(10)).map((message) => message.body)).toContain(body);
  });

  it('sends nothing for no bodies', async () => {
    const { queue } = await create();
    await queue.send([]);
    expect(await queue.depth()).toEqual({ visibleCount: 0, hiddenCount: 0, deadCount: 0, oldestSentMs: null });
  });
}

function deadLetters(create: () => QueueUnderTest | Promise<QueueUnderTest>): void {
  const exhaust = async ({ queue, clock, visibilityTimeoutMs }: QueueUnderTest): Promise<void> => {
    for (let receive = 0; receive < receiveCountMax; receive++) {
      expect(await queue.receive(10)).toHaveLength(1);
      clock.advance(visibilityTimeoutMs);
    }
  };

  it('moves a message that was received too often to the dead letters', async () => {
    const test = await create();
    await test.queue.send(['poison']);
    await exhaust(test);
    expect(await test.queue.receive(10)).toEqual([]);
    expect(await test.queue.deadLetters()).toMatchObject([{ body: 'poison', receiveCount: receiveCountMax }]);
    expect(await test.queue.depth()).toEqual({ visibleCount: 0, hiddenCount: 0, deadCount: 1, oldestSentMs: null });
  });

  it('lets the last receiver finish', async () => {
    const { queue, clock, visibilityTimeoutMs } = await create();
    await queue.send(['slow']);
    for (let receive = 1; receive < receiveCountMax; receive++) {
      await queue.receive(10);
      clock.advance(visibilityTimeoutMs);
    }
    const [last] = await queue.receive(10);
    expect((await queue.depth()).deadCount).toBe(0);
    await queue.delete([last!.receipt]);
    clock.advance(visibilityTimeoutMs);
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('redrives dead letters with a fresh count, and old receipts stay void', async () => {
    const test = await create();
    const { queue } = test;
    await queue.send(['poison']);
    const [first] = await queue.receive(1);
    await queue.release([first!.receipt], 0);
    for (let receive = 1; receive < receiveCountMax; receive++) {
      const [message] = await queue.receive(1);
      await queue.release([message!.receipt], 0);
    }
    expect(await queue.receive(1)).toEqual([]);
    expect(await queue.redrive()).toBe(1);
    expect(await queue.redrive()).toBe(0);
    expect(await queue.receive(10)).toMatchObject([{ body: 'poison', receiveCount: 1 }]);
    await queue.delete([first!.receipt]);
    test.clock.advance(test.visibilityTimeoutMs);
    expect(await queue.receive(10)).toHaveLength(1);
  });
}
