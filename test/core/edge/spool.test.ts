import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { SpoolDatabase } from '#adapters/sqlite-spool/spool-database.ts';
import { SqliteCaptureIndex } from '#adapters/sqlite-spool/sqlite-capture-index.ts';
import { SqliteSpoolIndex } from '#adapters/sqlite-spool/sqlite-spool-index.ts';
import { Spool } from '#core/edge/spool.ts';
import { FormatError, NotFoundError, TemporaryError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { SpoolIndex } from '#core/ports/spool-index.ts';

const bytesOf = (seed: number, length = 10): Uint8Array => new Uint8Array(length).fill(seed);

function emptyDisk() {
  const database = new SpoolDatabase(':memory:');
  const captures = new SqliteCaptureIndex(database);
  return { payloads: memoryObjectStore(), index: new SqliteSpoolIndex(database), captures };
}

async function emptySpool(budgetBytes = 100) {
  const disk = emptyDisk();
  return { spool: await Spool.open({ ...disk, budgetBytes }), ...disk };
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('a spool', () => {
  it('gives parts of captures that are made, the oldest first, until each is acknowledged', async () => {
    const { spool, payloads, captures } = await emptySpool();
    await spool.add('preview', 'cube-1', bytesOf(1));
    const parts = [await spool.add('cells', 'cube-1', bytesOf(2)), await spool.add('plots', 'cube-1', bytesOf(3))];
    await spool.add('cells', 'cube-2', bytesOf(4));
    expect(spool.next(10)).toEqual([]);
    captures.add('cube-1', 1000);
    captures.markMade('cube-1', '{}');
    expect(captures.get('cube-1')).toMatchObject({ state: 'made', rawState: 'local', report: '{}' });
    expect(spool.next(10).map(({ contentId }) => contentId)).toEqual(parts);
    expect(await spool.read(spool.next(1)[0]!)).toEqual(bytesOf(2));
    await spool.acknowledge(parts[0]!);
    await spool.acknowledge(parts[0]!);
    expect(spool.next(1)[0]!.contentId).toBe(parts[1]);
    expect(await keysOf(payloads)).toHaveLength(3);
    await spool.discardUnreleased('cube-2');
    expect(spool.ofGranule('cube-2')).toEqual([]);
    expect(await keysOf(payloads)).toHaveLength(2);
  });

  it('keeps the same bytes once', async () => {
    const { spool } = await emptySpool();
    expect(await spool.add('cells', 'cube-1', bytesOf(1))).toBe(await spool.add('cells', 'cube-1', bytesOf(1)));
    expect(spool.ofGranule('cube-1')).toHaveLength(1);
  });

  it('lets previews give way, and never a part', async () => {
    const { spool, payloads } = await emptySpool(30);
    await spool.add('preview', 'cube-1', bytesOf(1));
    const kept = await spool.add('cells', 'cube-1', bytesOf(2, 20));
    expect(spool.mustStopAcquisition()).toBe(true);
    const next = await spool.add('cells', 'cube-2', bytesOf(3));
    expect([...spool.ofGranule('cube-1'), ...spool.ofGranule('cube-2')].map(({ contentId }) => contentId)).toEqual([
      kept,
      next,
    ]);
    await expect(spool.add('cells', 'cube-3', bytesOf(4))).rejects.toThrow(TemporaryError);
    expect(spool.totals()).toMatchObject({ partCount: 2, previewCount: 0, sizeBytes: 30 });
    expect(await keysOf(payloads)).toHaveLength(2);
  });

  it('stops acquisition near its end, and lets it go on only with some room', async () => {
    const { spool } = await emptySpool(100);
    const ids: string[] = [];
    for (let at = 0; at < 19; at++) ids.push(await spool.add('cells', 'cube-1', bytesOf(at, 5)));
    expect(spool.mustStopAcquisition()).toBe(true);
    await spool.acknowledge(ids[0]!);
    expect(spool.mustStopAcquisition()).toBe(true);
    await spool.acknowledge(ids[1]!);
    await spool.acknowledge(ids[2]!);
    expect(spool.mustStopAcquisition()).toBe(false);
  });

  it('tells of a payload that the disk has changed or lost', async () => {
    const { spool, payloads } = await emptySpool();
    await spool.add('cells', 'cube-1', bytesOf(1));
    const [entry] = spool.ofGranule('cube-1');
    const [key] = await keysOf(payloads);
    await payloads.put(key!, bytesOf(9));
    await expect(spool.read(entry!)).rejects.toThrow(FormatError);
    await payloads.delete(key!);
    await expect(spool.read(entry!)).rejects.toThrow(NotFoundError);
  });

  it('that is cut off at any step holds every payload that it promised, and no other', async () => {
    const step = fc.record({ isAdd: fc.boolean(), seed: fc.integer({ min: 0, max: 5 }) });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(60), async (steps, cutAfter) => {
      const { payloads, index } = emptyDisk();
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
          if (isAdd) promised.set(await spool.add('cells', 'cube', bytesOf(seed)), bytesOf(seed));
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
      const held = again.ofGranule('cube');
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
      ofGranule: (granuleKey: string) => index.ofGranule(granuleKey),
      unreleased: (granuleKey: string) => index.unreleased(granuleKey),
      partCounts: () => index.partCounts(),
      oldestPreview: () => index.oldestPreview(),
      totals: () => index.totals(),
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
