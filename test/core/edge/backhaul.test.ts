import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { SpoolDatabase } from '#adapters/sqlite-spool/spool-database.ts';
import { SqliteCaptureIndex } from '#adapters/sqlite-spool/sqlite-capture-index.ts';
import { Backhaul, type BackhaulOptions } from '#core/edge/backhaul.ts';
import { PreconditionFailedError, TemporaryError } from '#core/errors.ts';
import { silentProgress } from '#core/ports/progress.ts';
import type { RawUploads, UploadedObject } from '#core/ports/raw-uploads.ts';
import { sha256OfSource } from '#core/sha256.ts';

const day = 'eu/farm/2026/07/01';
const granule = (name: string): string => `raw_cubes/${day}/${name}`;
const never = new AbortController().signal;

class Bucket implements RawUploads {
  readonly objects = new Map<string, UploadedObject>();
  readonly order: string[] = [];
  /** Called before and after each change. */
  cut: () => void = () => {};

  async find(key: string): Promise<UploadedObject | null> {
    this.cut();
    return this.objects.get(key) ?? null;
  }

  async upload(key: string, source: { sizeBytes: number }, sha256: string): Promise<void> {
    this.cut();
    if (this.objects.has(key)) throw new PreconditionFailedError(`Expected no object, got one (${key}).`);
    this.objects.set(key, { sizeBytes: source.sizeBytes, sha256 });
    this.order.push(key);
    this.cut();
  }
}

async function machine(names: readonly string[]) {
  const captures = new SqliteCaptureIndex(new SpoolDatabase(':memory:'));
  const raw = memoryObjectStore();
  await raw.put(`reference_cubes/${day}/dark.hdr`, Buffer.from('dark header'));
  await raw.put(`reference_cubes/${day}/dark.bil`, Buffer.from('dark'));
  for (const name of names) {
    for (const extension of ['bil', 'capture.json', 'hdr']) {
      await raw.put(`${granule(name)}.${extension}`, Buffer.from(`${name} ${extension}`));
    }
    captures.add(granule(name), 100);
  }
  return { captures, raw, bucket: new Bucket() };
}

type Machine = Awaited<ReturnType<typeof machine>>;

function backhaul({ captures, raw, bucket }: Machine, more: Partial<BackhaulOptions> = {}): Backhaul {
  return new Backhaul({
    captures,
    raw,
    uploads: bucket,
    stopwatch: { elapsedMs: () => 0, sleepMs: async () => {} },
    progress: silentProgress,
    bytesPerSecondMax: null,
    freePolicy: 'never',
    keepFreeBytes: 0,
    freeBytes: () => 0,
    ...more,
  });
}

async function rawKeys({ raw }: Machine, prefix = 'raw_cubes/'): Promise<string[]> {
  return (await Array.fromAsync(raw.list(prefix))).map(({ key }) => key);
}

describe('backhaul', () => {
  it('uploads references first, then each capture from sidecar to data, the oldest first', async () => {
    const field = await machine(['b', 'a']);
    const report = await backhaul(field).pass(never);
    expect(report).toMatchObject({ uploadedCount: 2, freedCount: 0 });
    const ofCapture = (name: string) =>
      ['capture.json', 'hdr', 'bil'].map((extension) => `${granule(name)}.${extension}`);
    const references = ['bil', 'hdr'].map((extension) => `reference_cubes/${day}/dark.${extension}`);
    expect(field.bucket.order).toEqual([...references, ...ofCapture('b'), ...ofCapture('a')]);
    expect(field.captures.withRaw('uploaded')).toHaveLength(2);
    expect(await backhaul(field).pass(never)).toMatchObject({ uploadedCount: 0 });
  });

  it('overwrites nothing, and frees nothing that is not there', async () => {
    const field = await machine(['a', 'b']);
    field.bucket.objects.set(`${granule('a')}.bil`, { sizeBytes: 5, sha256: 'f'.repeat(64) });
    for (const name of ['a', 'b']) field.captures.markMade(granule(name), '{}');
    const { conflicts } = await backhaul(field, { freePolicy: 'always' }).pass(never);
    expect([...conflicts.keys()]).toEqual([granule('a')]);
    expect(conflicts.get(granule('a'))).toContain('another object has its name');
    expect(field.captures.get(granule('a'))!.rawState).toBe('local');
    expect((await rawKeys(field)).every((key) => key.startsWith(granule('a')))).toBe(true);
    expect(await rawKeys(field)).toHaveLength(3);
    expect(await rawKeys(field, 'reference_cubes/')).toHaveLength(2);
  });

  it('frees when the disk needs it, the oldest first, and never what is not made', async () => {
    const field = await machine(['a', 'b', 'c']);
    for (const name of ['b', 'c']) field.captures.markMade(granule(name), '{}');
    let freeBytes = 0;
    const isNeeded = { freePolicy: 'when-needed', keepFreeBytes: 1, freeBytes: () => freeBytes } as const;
    const remove = field.raw.delete.bind(field.raw);
    field.raw.delete = async (key) => {
      freeBytes = 1;
      return remove(key);
    };
    await backhaul(field, isNeeded).pass(never);
    expect(['a', 'b', 'c'].map((name) => field.captures.get(granule(name))!.rawState)).toEqual([
      'uploaded',
      'freed',
      'uploaded',
    ]);
  });

  it('that is cut off anywhere, again and again, ends with the same bytes there and nothing freed before', async () => {
    const property = fc.asyncProperty(fc.array(fc.nat(12), { minLength: 1, maxLength: 12 }), async (cuts) => {
      const field = await machine(['a', 'b']);
      for (const name of ['a', 'b']) field.captures.markMade(granule(name), '{}');
      const before = new Map<string, string>();
      for (const key of [...(await rawKeys(field)), ...(await rawKeys(field, 'reference_cubes/'))]) {
        const { bytes } = await field.raw.get(key);
        before.set(key, await sha256OfSource(memoryByteSource(key, bytes)));
      }
      const remove = field.raw.delete.bind(field.raw);
      field.raw.delete = async (key) => {
        field.bucket.cut();
        expect(field.bucket.objects.get(key)?.sha256).toBe(before.get(key));
        return remove(key);
      };
      for (const cutAfter of cuts) {
        let left = cutAfter;
        field.bucket.cut = () => {
          if (left-- <= 0) throw new TemporaryError('cut off');
        };
        await backhaul(field, { freePolicy: 'always' })
          .pass(never)
          .catch((error: unknown) => {
            if (!(error instanceof TemporaryError)) throw error;
          });
      }
      field.bucket.cut = () => {};
      await backhaul(field, { freePolicy: 'always' }).pass(never);
      expect(new Map([...field.bucket.objects].map(([key, { sha256 }]) => [key, sha256]))).toEqual(before);
      expect(field.bucket.order).toHaveLength(before.size);
      expect(await rawKeys(field)).toEqual([]);
      expect(field.captures.withRaw('freed')).toHaveLength(2);
    });
    await fc.assert(property, { seed: 1, numRuns: 300 });
  });
});
