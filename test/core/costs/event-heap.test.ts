import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventHeap } from '#core/costs/event-heap.ts';

it('gives events by time, and equal times in the order of scheduling', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
      const heap = new EventHeap<number>();
      for (const [order, time] of times.entries()) heap.push(time, order);
      const expected = times.map((seconds, event) => ({ seconds, event })).toSorted((a, b) => a.seconds - b.seconds);
      expect(Array.from(times, () => heap.pop())).toEqual(expected);
      expect(heap.pop()).toBeNull();
    }),
    { seed: 1, numRuns: 200 },
  );
});
