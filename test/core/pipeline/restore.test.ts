import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { stateByHead } from '#adapters/s3/s3-archive.ts';
import { ArchivedObjectError, NotFoundError } from '#core/errors.ts';
import { askForObjects, planRestore, requireReadable } from '#core/pipeline/restore.ts';
import { estimateRestore } from '#core/pipeline/restore-estimate.ts';
import { type Archive, type ArchiveState, withoutArchive } from '#core/ports/archive.ts';
import type { GranuleState } from '#schemas/granule-state.ts';
import { testClock } from '../../conformance/test-clock.ts';

const deep = { kind: 'archived', archive: 'deep' } as const;
const flexible = { kind: 'archived', archive: 'flexible' } as const;

/** An archive as a map; what is asked for is on its way. */
function archiveOf(states: Record<string, ArchiveState>): Archive & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    stateOf: async (key) => states[key] ?? null,
    async restore(key) {
      const state = states[key]!;
      if (state.kind === 'readable') return 'readable';
      if (state.kind === 'restoring') return 'under way';
      states[key] = { kind: 'restoring', archive: state.archive };
      asked.push(key);
      return 'asked';
    },
  };
}

const sized = (keys: readonly string[], sizeBytes = 1e9) => keys.map((key) => ({ key, sizeBytes }));

describe('the estimate of a restore', () => {
  it('is GB and requests by the price of the tier, and the copies by their days', () => {
    const objects = Array.from({ length: 2000 }, () => ({ archive: 'deep' as const, sizeBytes: 5e9 }));
    // 10 000 GB: bulk 10 000 * 0.0025 = 25, requests 2 * 0.025 = 0.05, copies 10 000 * 15/30 * 0.023 = 115.
    expect(estimateRestore(objects, 'bulk', 15)).toMatchObject({
      objectCount: 2000,
      sizeBytes: 1e13,
      hoursMax: 48,
      retrievalUsd: expect.closeTo(25, 9),
      requestUsd: expect.closeTo(0.05, 9),
      copyUsd: expect.closeTo(115, 9),
      usd: expect.closeTo(140.05, 9),
    });
    // Standard: 10 000 * 0.02 = 200 and 2 * 0.1 = 0.2.
    expect(estimateRestore(objects, 'standard', 15)).toMatchObject({ usd: expect.closeTo(315.2, 9), hoursMax: 12 });
  });

  it('is none for a tier that one of the archives does not have', () => {
    const both = [
      { archive: 'flexible' as const, sizeBytes: 1 },
      { archive: 'deep' as const, sizeBytes: 1 },
    ];
    expect(estimateRestore(both.slice(0, 1), 'expedited', 1)).toMatchObject({ requestUsd: 0.01 });
    expect(estimateRestore(both, 'expedited', 1)).toBe(null);
    expect(estimateRestore(both, 'bulk', 1)).toMatchObject({ hoursMax: 48 });
  });
});

describe('a restore', () => {
  it('counts what is where, estimates what must be asked for, and asks for that alone, once', async () => {
    const archive = archiveOf({
      a: deep,
      b: { kind: 'readable' },
      c: { kind: 'restored', archive: 'deep', untilMs: 5000 },
      d: { kind: 'restored', archive: 'deep', untilMs: 4000 },
      e: { kind: 'restoring', archive: 'deep' },
      f: deep,
    });
    const candidates = sized(['a', 'b', 'c', 'd', 'e', 'f', 'gone']);
    const plan = await planRestore(archive, candidates, 7);
    expect(plan.counts).toEqual({ readable: 1, archived: 2, restoring: 1, restored: 2 });
    expect(plan.readableUntilMs).toBe(4000);
    expect(plan.estimates.map(({ tier, objectCount }) => [tier, objectCount])).toEqual([
      ['bulk', 2],
      ['standard', 2],
    ]);
    const request = { tier: 'bulk', days: 7 } as const;
    expect(await askForObjects(archive, plan, request)).toBe(2);
    expect(archive.asked).toEqual(['a', 'f']);
    expect(await askForObjects(archive, await planRestore(archive, candidates, 7), request)).toBe(0);
  });

  it('costs nothing where nothing is archived: a folder has no archive', async () => {
    const store = memoryObjectStore('raw', testClock());
    await store.put('here', Buffer.from('x'));
    const archive = withoutArchive(store);
    const plan = await planRestore(archive, sized(['here', 'not here']), 7);
    expect(plan).toMatchObject({ counts: { readable: 1, archived: 0 }, estimates: [] });
    expect(await archive.restore('here', { tier: 'bulk', days: 1 })).toBe('readable');
    await expect(archive.restore('not here', { tier: 'bulk', days: 1 })).rejects.toThrow(NotFoundError);
  });

  it('is asked for by name before jobs start that could not read', async () => {
    const stateOf = (granule_key: string, keys: string[]): GranuleState => ({
      granule_key,
      payload: 'text',
      granule_version_id: 'v',
      processing_id: 'p',
      manifest_id: 'm',
      parts: keys.map((key) => ({ key, etag: 'e', size_bytes: 1 })),
    });
    const archive = archiveOf({
      a: { kind: 'readable' },
      b: deep,
      c: flexible,
      d: { kind: 'restoring', archive: 'deep' },
    });
    const cold = ['b', 'c', 'd'].map((key) => stateOf(`cube ${key}`, ['a', key]));
    await expect(requireReadable(archive, [stateOf('cube a', ['a']), ...cold])).rejects.toThrow(
      /got 3 of 4 in an archive \(cube b, cube c, cube d\)\. Run "cubelake restore"/,
    );
    await expect(requireReadable(archive, cold)).rejects.toThrow(ArchivedObjectError);
    await requireReadable(archive, [stateOf('cube a', ['a'])]);
  });
});

describe('the state of an object by what S3 says of it', () => {
  it.each([
    [{}, { kind: 'readable' }],
    [{ StorageClass: 'GLACIER_IR' }, { kind: 'readable' }],
    [{ StorageClass: 'STANDARD_IA' }, { kind: 'readable' }],
    [{ StorageClass: 'DEEP_ARCHIVE' }, deep],
    [{ StorageClass: 'GLACIER' }, flexible],
    [
      { StorageClass: 'DEEP_ARCHIVE', Restore: 'ongoing-request="true"' },
      { kind: 'restoring', archive: 'deep' },
    ],
    [
      { StorageClass: 'GLACIER', Restore: 'ongoing-request="false", expiry-date="Thu, 01 Jan 1970 00:01:00 GMT"' },
      { kind: 'restored', archive: 'flexible', untilMs: 60_000 },
    ],
    [
      { StorageClass: 'GLACIER', Restore: 'ongoing-request="false"' },
      { kind: 'restored', archive: 'flexible', untilMs: null },
    ],
  ] as const)('%j is %j', (head, state) => {
    expect(stateByHead(head as Parameters<typeof stateByHead>[0])).toEqual(state);
  });
});
