import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { sqliteSpoolIndex } from '#adapters/sqlite-spool/sqlite-spool-index.ts';
import { Spool } from '#core/edge/spool.ts';
import { FormatError, NotFoundError, TemporaryError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { SpoolIndex } from '#core/ports/spool-index.ts';

const bytesOf = (seed: number, length = 10): Uint8Array => new Uint8Array(length).fill(seed);

async function emptySpool(budgetBytes = 100): Promise<{ spool: Spool; payloads: ObjectStore; index: SpoolIndex }> {
  const payloads = memoryObjectStore();
  const index = sqliteSpoolIndex(':memory:');
  return { spool: await Spool.open({ payloads, index, budgetBytes }), payloads, index };
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('a spool', () => {
  it('gives parts before previews, the oldest first, until each is acknowledged', async () => {
    const { spool, payloads } = await emptySpool();
    const preview = await spool.add('preview', 'cube-1', bytesOf(1));
    const parts = [await spool.add('part', 'cube-1', bytesOf(2)), await spool.add('part', 'cube-2', bytesOf(3))];
    expect(spool.next(10).map(({ contentId }) => contentId)).toEqual([...parts, preview]);
    expect(await spool.read(spool.next(1)[0]!)).toEqual(bytesOf(2));
    await spool.acknowledge(parts[0]!);
    await spool.acknowledge(parts[0]!);
    expect(spool.next(1)[0]!.contentId).toBe(parts[1]);
    expect(await keysOf(payloads)).toHaveLength(2);
  });

  it('keeps the same bytes once', async () => {
    const { spool } = await emptySpool();
    expect(await spool.add('part', 'cube-1', bytesOf(1))).toBe(await spool.add('part', 'cube-1', bytesOf(1)));
    expect(spool.next(10)).toHaveLength(1);
  });

  it('lets previews give way, and never a part', async () => {
    const { spool, payloads } = await emptySpool(30);
    await spool.add('preview', 'cube-1', bytesOf(1));
    const kept = await spool.add('part', 'cube-1', bytesOf(2, 20));
    expect(spool.mustStopAcquisition()).toBe(true);
    const next = await spool.add('part', 'cube-2', bytesOf(3));
    expect(spool.next(10).map(({ contentId }) => contentId)).toEqual([kept, next]);
    await expect(spool.add('part', 'cube-3', bytesOf(4))).rejects.toThrow(TemporaryError);
    expect(spool.next(10)).toHaveLength(2);
    expect(await keysOf(payloads)).toHaveLength(2);
  });

  it('stops acquisition near its end, and lets it go on only with some room', async () => {
    const { spool } = await emptySpool(100);
    const ids: string[] = [];
    for (let at = 0; at < 19; at++) ids.push(await spool.add('part', 'cube-1', bytesOf(at, 5)));
    expect(spool.mustStopAcquisition()).toBe(true);
    await spool.acknowledge(ids[0]!);
    expect(spool.mustStopAcquisition()).toBe(true);
    await spool.acknowledge(ids[1]!);
    await spool.acknowledge(ids[2]!);
    expect(spool.mustStopAcquisition()).toBe(false);
  });

  it('tells of a payload that the disk has changed or lost', async () => {
    const { spool, payloads } = await emptySpool();
    await spool.add('part', 'cube-1', bytesOf(1));
    const [entry] = spool.next(1);
    const [key] = await keysOf(payloads);
    await payloads.put(key!, bytesOf(9));
    await expect(spool.read(entry!)).rejects.toThrow(FormatError);
    await payloads.delete(key!);
    await expect(spool.read(entry!)).rejects.toThrow(NotFoundError);
  });

  it('that is cut off at any step holds every payload that it promised, and no other', async () => {
    const step = fc.record({ isAdd: fc.boolean(), seed: fc.integer({ min: 0, max: 5 }) });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(60), async (steps, cutAfter) => {
      const payloads = memoryObjectStore();
      const index = sqliteSpoolIndex(':memory:');
      const promised = new Map<string, Uint8Array>();
      let left = cutAfter;
      const cut = (): void => {
        if (left-- <= 0) throw new Error('power cut');
      };
      const spool = await Spool.open({ ...cutOff(payloads, index, cut), budgetBytes: 1000 });
      let unsure: string | null = null;
      for (const { isAdd, seed } of steps) {
        const before = [...promised.keys()];
        try {
          if (isAdd) promised.set(await spool.add('part', 'cube', bytesOf(seed)), bytesOf(seed));
          else if (before.length > 0) {
            unsure = before[seed % before.length]!;
            await spool.acknowledge(unsure);
            promised.delete(unsure);
            unsure = null;
          }
        } catch {
          break;
        }
      }
      const again = await Spool.open({ payloads, index, budgetBytes: 1000 });
      const held = again.next(100);
      const heldIds = new Set(held.map(({ contentId }) => contentId));
      for (const id of promised.keys()) if (id !== unsure) expect(heldIds).toContain(id);
      for (const entry of held) expect(await again.read(entry)).toHaveLength(10);
      expect(await keysOf(payloads)).toHaveLength(held.length);
    });
    await fc.assert(property, { seed: 1, numRuns: 500 });
  });
});

/** The same disk, whose power goes before the n-th change. */
function cutOff(payloads: ObjectStore, index: SpoolIndex, cut: () => void) {
  return {
    payloads: {
      ...payloads,
      rootUri: payloads.rootUri,
      head: payloads.head.bind(payloads),
      get: payloads.get.bind(payloads),
      list: payloads.list.bind(payloads),
      put: async (key: string, bytes: Uint8Array) => {
        cut();
        return payloads.put(key, bytes);
      },
      delete: async (key: string) => {
        cut();
        return payloads.delete(key);
      },
    } as ObjectStore,
    index: {
      has: (id: string) => index.has(id),
      oldest: (countMax: number) => index.oldest(countMax),
      totals: () => index.totals(),
      close: () => index.close(),
      add: (entry: Parameters<SpoolIndex['add']>[0]) => {
        cut();
        return index.add(entry);
      },
      remove: (id: string) => {
        cut();
        index.remove(id);
      },
    } as SpoolIndex,
  };
}
