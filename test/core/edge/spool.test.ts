import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Spool } from '#core/edge/spool.ts';
import { ConfigurationError, CubelakeError, FormatError, NotFoundError, TemporaryError } from '#core/errors.ts';
import type { CaptureIndex } from '#core/ports/capture-index.ts';
import { emptyDisk, keysOf, watchedDisk } from './cut-off-disk.ts';

const bytesOf = (seed: number, length = 10): Uint8Array => new Uint8Array(length).fill(seed);

async function emptySpool(budgetBytes = 100) {
  const disk = emptyDisk();
  return { spool: await Spool.open({ ...disk, budgetBytes }), ...disk };
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

  it('that is cut off at any step holds every payload that it promised, and no other, and sends only what was released', async () => {
    const step = fc.record({
      act: fc.constantFrom('add', 'add', 'acknowledge', 'release', 'discard'),
      seed: fc.integer({ min: 0, max: 5 }),
    });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(60), async (steps, cutAfter) => {
      const disk = emptyDisk();
      let left = cutAfter;
      const cutDisk = watchedDisk(disk, () => {
        if (left-- <= 0) throw new Error('power cut');
      });
      const model = new SpoolModel();
      const spool = await Spool.open({ ...cutDisk, budgetBytes: 1000 });
      for (const each of steps) {
        try {
          await model.act(spool, cutDisk.captures, each);
        } catch {
          break;
        }
      }
      const again = await Spool.open({ ...disk, budgetBytes: 1000 });
      const held = [0, 1].flatMap((cube) => again.ofGranule(`cube-${cube}`));
      const heldIds = new Set(held.map(({ contentId }) => contentId));
      for (const id of model.promised.keys()) if (!model.unsure.has(id)) expect(heldIds).toContain(id);
      for (const entry of held) expect(await again.read(entry)).toHaveLength(10);
      expect(await keysOf(disk.payloads)).toHaveLength(held.length);
      for (const { granuleKey } of again.next(100)) expect(disk.captures.get(granuleKey)!.state).toBe('made');
    });
    await fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it('that meets a full, failing or read-only disk at any step changes nothing that it promised, and goes on afterwards', async () => {
    for (const error of [new TemporaryError('ENOSPC'), new TemporaryError('EIO'), new ConfigurationError('EROFS')]) {
      for (let failAt = 0; failAt < 12; failAt++) {
        for (const isAfter of [false, true]) {
          const disk = emptyDisk();
          let at = 0;
          const fail = (): void => {
            if (at++ === failAt) throw error;
          };
          const failing = isAfter ? watchedDisk(disk, () => {}, fail) : watchedDisk(disk, fail);
          const spool = await Spool.open({ ...failing, budgetBytes: 1000 });
          for (let part = 0; part < 4; part++) {
            await untilDone(() => spool.add('cells', 'cube-0', bytesOf(part)));
          }
          await untilDone(async () => {
            if (disk.captures.get('cube-0') === null) failing.captures.add('cube-0', 1);
            failing.captures.markMade('cube-0', '{}');
          });
          expect(spool.next(10)).toHaveLength(4);
          for (const { contentId } of spool.next(10)) await untilDone(() => spool.acknowledge(contentId));
          expect(spool.totals()).toMatchObject({ partCount: 0, sizeBytes: 0 });
        }
      }
    }
  });

  it('lets only previews give way, the oldest first, whatever comes in which order', async () => {
    const step = fc.record({
      kind: fc.constantFrom('cells', 'plots', 'preview'),
      length: fc.integer({ min: 1, max: 40 }),
    } as const);
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { spool, payloads } = await emptySpool(200);
      const parts: string[] = [];
      const previews: string[] = [];
      for (const [at, { kind, length }] of steps.entries()) {
        const bytes = Buffer.concat([Buffer.from([at]), bytesOf(at, length)]);
        const before = spool.totals();
        try {
          const id = await spool.add(kind, 'cube-0', bytes);
          (kind === 'preview' ? previews : parts).push(id);
        } catch (error) {
          expect(error).toBeInstanceOf(TemporaryError);
          expect(before.sizeBytes - before.previewCount).toBeGreaterThan(200 - bytes.length - 40 * before.previewCount);
        }
        const held = spool.ofGranule('cube-0');
        expect(held.filter(({ kind: of }) => of !== 'preview').map(({ contentId }) => contentId)).toEqual(parts);
        const left = held.filter(({ kind: of }) => of === 'preview').map(({ contentId }) => contentId);
        expect(left).toEqual(left.length === 0 ? [] : previews.slice(-left.length));
        expect(spool.totals().sizeBytes).toBeLessThanOrEqual(200);
        expect(await keysOf(payloads)).toHaveLength(held.length);
      }
    });
    await fc.assert(property, { seed: 2, numRuns: 200 });
  });

  it('counts the parts of each granule that the cloud does not have', async () => {
    const { spool } = await emptySpool(1000);
    const id = await spool.add('cells', 'cube-0', bytesOf(1));
    await spool.add('plots', 'cube-0', bytesOf(2));
    await spool.add('preview', 'cube-0', bytesOf(3));
    await spool.add('preview', 'cube-1', bytesOf(4));
    expect([...spool.waitingPartCounts()]).toEqual([['cube-0', 2]]);
    await spool.acknowledge(id);
    expect([...spool.waitingPartCounts()]).toEqual([['cube-0', 1]]);
    expect(await spool.read(spool.quicklookOf('cube-1')!)).toEqual(bytesOf(4));
  });
});

/** What a spool has promised, as one that never loses power would know it. */
class SpoolModel {
  readonly promised = new Map<string, string>();
  readonly released = new Set<string>();
  /** Its end was on its way when the power went. */
  readonly unsure = new Set<string>();

  async act(spool: Spool, captures: CaptureIndex, { act, seed }: { act: string; seed: number }): Promise<void> {
    const granuleKey = `cube-${seed % 2}`;
    if (act === 'add') {
      const id = await spool.add('cells', granuleKey, bytesOf(seed));
      if (!this.promised.has(id)) this.released.delete(id);
      this.promised.set(id, granuleKey);
    } else if (act === 'release') {
      captures.add(granuleKey, 1);
      captures.markMade(granuleKey, '{}');
      for (const [id, of] of this.promised) if (of === granuleKey) this.released.add(id);
    } else {
      const ids = [...this.promised]
        .filter(([id, of]) => of === granuleKey && !this.released.has(id))
        .map(([id]) => id);
      const ends = act === 'discard' ? ids : [...this.promised.keys()].slice(0, 1);
      for (const id of ends) this.unsure.add(id);
      if (act === 'discard') await spool.discardUnreleased(granuleKey);
      else for (const id of ends) await spool.acknowledge(id);
      for (const id of ends) {
        this.promised.delete(id);
        this.unsure.delete(id);
      }
    }
  }
}

async function untilDone(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
    }
  }
}
