import { describe, expect, it } from 'vitest';
import { SlotPool } from '#adapters/gpu/slot-pool.ts';

describe('SlotPool', () => {
  it('makes slots when needed, never more than allowed, and gives each to one work at a time in order', async () => {
    let madeCount = 0;
    const pool = new SlotPool(2, () => ({ name: `slot ${madeCount++}`, isUsed: false }));
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const works = [0, 1, 2, 3, 4].map((work) =>
      pool.use(async (slot) => {
        expect(slot.isUsed).toBe(false);
        slot.isUsed = true;
        started.push(work);
        await new Promise<void>((resolve) => ends.push(resolve));
        slot.isUsed = false;
        return slot.name;
      }),
    );
    await new Promise(setImmediate);
    expect(started).toEqual([0, 1]);
    ends[1]!();
    await works[1];
    await new Promise(setImmediate);
    expect(started).toEqual([0, 1, 2]);
    for (let at = 0; at < 5; at++) {
      ends[at]!();
      await new Promise(setImmediate);
    }
    expect(await Promise.all(works)).toHaveLength(5);
    expect(started).toEqual([0, 1, 2, 3, 4]);
    expect(pool.slots).toHaveLength(2);
  });

  it('gives a slot on when work on it fails', async () => {
    const pool = new SlotPool(1, () => ({}));
    const failing = pool.use(() => Promise.reject(new Error('lost')));
    const next = pool.use(async () => 'done');
    await expect(failing).rejects.toThrow('lost');
    expect(await next).toBe('done');
  });
});
