import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError, NotFoundError, PreconditionFailedError, TruncatedInputError } from '#core/errors.ts';
import { readBytes } from '#core/ports/byte-source.ts';
import type { ObjectFacts, ObjectStore } from '#core/ports/object-store.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = async (store: ObjectStore, key: string): Promise<string> =>
  new TextDecoder().decode((await store.get(key)).bytes);
const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> =>
  (await Array.fromAsync(store.list(prefix))).map((facts) => facts.key);

/** The same version of the same object. Stores that date by the second, and by their answers, may be one second apart. */
function expectSameObject(actual: ObjectFacts | null, expected: ObjectFacts): void {
  expect(actual).toEqual({ ...expected, lastModifiedMs: expect.any(Number) });
  expect(Math.abs(actual!.lastModifiedMs - expected.lastModifiedMs)).toBeLessThanOrEqual(2000);
}

export interface ObjectStoreTraits {
  /** An open object reads on after it was overwritten; without this, reading ends with PreconditionFailedError. */
  readonly keepsOpenVersions: boolean;
  /** False for a server that takes `\\` for `/`; true when absent. */
  readonly keepsBackslashes?: boolean;
}

/** What every object store promises. `create` returns an empty one. */
export function objectStoreConformance(
  name: string,
  create: () => ObjectStore,
  traits: ObjectStoreTraits = { keepsOpenVersions: true },
): void {
  describe(`${name} as an object store`, () => {
    wholeObjects(create);
    conditionalWrites(create);
    streamedWrites(create);
    reads(create, traits);
    listings(create);
    tags(create);
    keys(create, traits);
  });
}

function wholeObjects(create: () => ObjectStore): void {
  it('gives back the bytes and facts of what was put', async () => {
    const store = create();
    const facts = await store.put('a/b.json', text('hello'));
    expect(facts).toMatchObject({ key: 'a/b.json', sizeBytes: 5 });
    expectSameObject(await store.head('a/b.json'), facts);
    const { bytes, ...found } = await store.get('a/b.json');
    expectSameObject(found, facts);
    const [listed] = await Array.fromAsync(store.list('a/'));
    expectSameObject(listed!, facts);
    expect(new TextDecoder().decode(bytes)).toBe('hello');
  });

  it('keeps objects apart from the buffer that they were put from', async () => {
    const store = create();
    const bytes = text('before');
    await store.put('k', bytes);
    bytes.fill(0);
    expect(await read(store, 'k')).toBe('before');
  });

  it('changes the ETag with the bytes and not without', async () => {
    const store = create();
    const first = await store.put('k', text('one'));
    expect((await store.put('k', text('two'))).etag).not.toBe(first.etag);
    expect((await store.put('k', text('one'))).etag).toBe(first.etag);
  });

  it('keeps an object without bytes', async () => {
    const store = create();
    await store.put('empty', new Uint8Array());
    expect((await store.get('empty')).sizeBytes).toBe(0);
  });

  it('says that an object is not there', async () => {
    const store = create();
    expect(await store.head('nothing')).toBeNull();
    await expect(store.get('nothing')).rejects.toThrow(NotFoundError);
    await expect(store.open('nothing')).rejects.toThrow(NotFoundError);
    await expect(store.getTags('nothing')).rejects.toThrow(NotFoundError);
    await expect(store.setTags('nothing', {})).rejects.toThrow(NotFoundError);
  });

  it('deletes, also what is not there', async () => {
    const store = create();
    await store.put('a/b/c', text('x'));
    await store.delete('a/b/c');
    await store.delete('a/b/c');
    expect(await store.head('a/b/c')).toBeNull();
    expect(await keysOf(store, '')).toEqual([]);
    await store.put('a', text('a key that was a folder before'));
  });
}

function conditionalWrites(create: () => ObjectStore): void {
  it('creates only where there is nothing, and leaves the bytes that were there', async () => {
    const store = create();
    await store.put('k', text('first'), { ifNoneMatch: '*' });
    await expect(store.put('k', text('second'), { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailedError);
    expect(await read(store, 'k')).toBe('first');
  });

  it('replaces only the version that was named', async () => {
    const store = create();
    const { etag } = await store.put('k', text('first'));
    const second = await store.put('k', text('second'), { ifMatch: etag });
    await expect(store.put('k', text('third'), { ifMatch: etag })).rejects.toThrow(PreconditionFailedError);
    await expect(store.put('none', text('x'), { ifMatch: etag })).rejects.toThrow(PreconditionFailedError);
    expect((await store.head('k'))?.etag).toBe(second.etag);
    expect(await keysOf(store, '')).toEqual(['k']);
  });

  it('lets exactly one of many racers create', async () => {
    const store = create();
    const racers = Array.from({ length: 20 }, (_, racer) => store.put('k', text(`${racer}`), { ifNoneMatch: '*' }));
    const results = await Promise.allSettled(racers);
    const winners = results.flatMap((result, racer) => (result.status === 'fulfilled' ? [racer] : []));
    expect(winners).toHaveLength(1);
    expect(await read(store, 'k')).toBe(`${winners[0]}`);
  });

  it('lets exactly one of many racers replace one version', async () => {
    const store = create();
    const { etag } = await store.put('k', text('start'));
    const racers = Array.from({ length: 20 }, (_, racer) => store.put('k', text(`${racer}`), { ifMatch: etag }));
    const results = await Promise.allSettled(racers);
    const winners = results.flatMap((result, racer) => (result.status === 'fulfilled' ? [racer] : []));
    expect(winners).toHaveLength(1);
    expect(await read(store, 'k')).toBe(`${winners[0]}`);
  });
}

function streamedWrites(create: () => ObjectStore): void {
  it('shows a streamed object only after its commit, with the bytes as they were appended', async () => {
    const store = create();
    const writer = await store.write('shards/0');
    const buffer = text('abc');
    await writer.append(buffer);
    buffer.set(text('def'));
    await writer.append(buffer);
    expect(await store.head('shards/0')).toBeNull();
    expect(await keysOf(store, '')).toEqual([]);
    const facts = await writer.commit();
    expect(await read(store, 'shards/0')).toBe('abcdef');
    expectSameObject(await store.head('shards/0'), facts);
    expect((await store.put('other', text('abcdef'))).etag).toBe(facts.etag);
  });

  it('leaves nothing of an aborted write, and the old object as it was', async () => {
    const store = create();
    await store.put('k', text('old'));
    const writer = await store.write('k');
    await writer.append(text('new'));
    await writer.abort();
    await writer.abort();
    expect(await read(store, 'k')).toBe('old');
    await expect(writer.append(text('more'))).rejects.toThrow(PreconditionFailedError);
  });
}

function reads(create: () => ObjectStore, { keepsOpenVersions }: ObjectStoreTraits): void {
  it('reads ranges of one version', async () => {
    const store = create();
    const { etag } = await store.put('k', text('0123456789'));
    const source = await store.open('k', { etag });
    expect(source.sizeBytes).toBe(10);
    expect(new TextDecoder().decode(await readBytes(source, 3, 4))).toBe('3456');
    expect(await readBytes(source, 10, 0)).toHaveLength(0);
    await store.put('k', text('abcdefghij'));
    if (keepsOpenVersions) expect(new TextDecoder().decode(await readBytes(source, 3, 4))).toBe('3456');
    else await expect(readBytes(source, 3, 4)).rejects.toThrow(PreconditionFailedError);
    await expect(readBytes(source, 8, 3)).rejects.toThrow(TruncatedInputError);
    await source.close();
    await expect(store.open('k', { etag })).rejects.toThrow(PreconditionFailedError);
  });

  it('gives a local file with the same bytes to those who need one', async () => {
    const store = create();
    await store.put('k', text('0123456789'));
    const source = await store.open('k');
    expect(readFileSync(await source.localPath(), 'utf8')).toBe('0123456789');
    await source.close();
  });

  it('refuses to read an object above the size that the caller can hold', async () => {
    const store = create();
    await store.put('k', new Uint8Array(11));
    expect((await store.get('k', { sizeBytesMax: 11 })).sizeBytes).toBe(11);
    await expect(store.get('k', { sizeBytesMax: 10 })).rejects.toThrow(FormatError);
  });
}

function listings(create: () => ObjectStore): void {
  it('lists by prefix, which need not end at a slash', async () => {
    const store = create();
    for (const key of ['a/1', 'a/10', 'a/2/x', 'b/1', 'ab']) await store.put(key, text(key));
    expect(await keysOf(store, 'a/1')).toEqual(['a/1', 'a/10']);
    expect(await keysOf(store, 'a/')).toEqual(['a/1', 'a/10', 'a/2/x']);
    expect(await keysOf(store, 'a')).toEqual(['a/1', 'a/10', 'a/2/x', 'ab']);
    expect(await keysOf(store, 'c')).toEqual([]);
  });

  it('lists in the order of UTF-8 bytes, where a slash sorts after "." and "-"', async () => {
    const store = create();
    const keys = ['d/a', 'd-a', 'd.a', 'd0', 'z', 'é', '\u{ff5e}', '\u{1f600}', 'Z'];
    for (const key of keys) await store.put(key, text(key));
    // The order that `LC_ALL=C sort` gives.
    expect(await keysOf(store, '')).toEqual(['Z', 'd-a', 'd.a', 'd/a', 'd0', 'z', 'é', '\u{ff5e}', '\u{1f600}']);
  });
}

function tags(create: () => ObjectStore): void {
  it('keeps tags with an object version', async () => {
    const store = create();
    await store.put('k', text('one'));
    expect(await store.getTags('k')).toEqual({});
    await store.setTags('k', { processing_status: 'complete' });
    expect(await store.getTags('k')).toEqual({ processing_status: 'complete' });
    await store.setTags('k', { other: 'x' });
    expect(await store.getTags('k')).toEqual({ other: 'x' });
    await store.put('k', text('two'));
    expect(await store.getTags('k')).toEqual({});
  });
}

function keys(create: () => ObjectStore, { keepsBackslashes = true }: ObjectStoreTraits): void {
  const bad = [
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    '../a',
    './a',
    'a/.',
    'a\nb',
    'a\u0000b',
    '\ud800',
    '.store',
  ];
  it.each([...bad, '.store/x', 'k'.repeat(1025), 'é'.repeat(513)])('refuses the key %j', async (key) => {
    const store = create();
    await expect(store.put(key, text('x'))).rejects.toThrow(FormatError);
    await expect(store.get(key)).rejects.toThrow(FormatError);
    await expect(store.delete(key)).rejects.toThrow(FormatError);
    expect(await keysOf(store, '')).toEqual([]);
  });

  it('keeps keys with spaces, signs and any script, byte for byte', async () => {
    const store = create();
    const keys = ['a b+c%20.txt', 'ä', 'a\u0308', '日本/…', `${'k'.repeat(200)}/${'l'.repeat(200)}`, '\'";|&$#?*<>'];
    if (keepsBackslashes) keys.push('back\\slash');
    for (const key of keys) await store.put(key, text(key));
    for (const key of keys) expect(await read(store, key)).toBe(key);
    expect((await keysOf(store, '')).toSorted()).toEqual(keys.toSorted());
  });

  it('holds the same objects as a map does, after any puts and deletes', async () => {
    const key = fc.constantFrom('a', 'b/a', 'b/c', 'd/e/f', 'd/e-f', 'd/é');
    const step = fc.record({ key, bytes: fc.option(fc.uint8Array({ maxLength: 40 })) });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const store = create();
      const model = new Map<string, string>();
      for (const { key, bytes } of steps) {
        if (bytes === null) await store.delete(key);
        else await store.put(key, bytes);
        if (bytes === null) model.delete(key);
        else model.set(key, Buffer.from(bytes).toString('hex'));
      }
      const held = await Array.fromAsync(store.list(''), async ({ key }) => [
        key,
        Buffer.from((await store.get(key)).bytes).toString('hex'),
      ]);
      expect(new Map(held as [string, string][])).toEqual(model);
    });
    await fc.assert(property, { seed: 7, numRuns: 15 });
  });
}
