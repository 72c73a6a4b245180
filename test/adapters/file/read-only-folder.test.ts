import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { readOnlyFolder } from '#adapters/file/read-only-folder.ts';
import { ConfigurationError, FormatError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cubelake-read-only-'));
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'a', 'one.txt'), 'one');
  writeFileSync(join(folder, 'two.txt'), 'two');
  symlinkSync('/etc/hostname', join(folder, 'link'));
  for (const path of [join(folder, 'a'), folder]) chmodSync(path, 0o555);
});
afterAll(() => {
  for (const path of [folder, join(folder, 'a')]) chmodSync(path, 0o755);
  rmSync(folder, { recursive: true });
});

describe('a folder that may only be read', () => {
  it('shows the objects that a store would show, with the same ETags, and makes nothing', async () => {
    const store = readOnlyFolder(folder);
    const keys = await Array.fromAsync(store.list(''), (facts) => facts.key);
    const found = await store.get('a/one.txt');
    expect(readdirSync(folder).toSorted()).toEqual(['a', 'link', 'two.txt']);
    expect(keys).toEqual(['a/one.txt', 'two.txt']);
    expect(Buffer.from(found.bytes).toString()).toBe('one');
    expect(await store.head('a/one.txt')).toMatchObject({ etag: found.etag, sizeBytes: 3 });

    const copy = mkdtempSync(join(tmpdir(), 'cubelake-writable-'));
    const { etag } = await fileObjectStore(copy).put('a/one.txt', Buffer.from('one'));
    rmSync(copy, { recursive: true });
    expect(found.etag).toBe(etag);
  });

  it('opens a version by its ETag, or refuses another', async () => {
    const store = readOnlyFolder(folder);
    const { etag } = (await store.head('two.txt'))!;
    const source = await store.open('two.txt', { etag });
    expect(await source.localPath()).toBe(join(store.rootUri.slice('file://'.length), 'two.txt'));
    await source.close();
    await expect(store.open('two.txt', { etag: 'other' })).rejects.toThrow(PreconditionFailedError);
  });

  it('has nothing where there is nothing, and nothing behind a link', async () => {
    const store = readOnlyFolder(folder);
    expect([await store.head('none'), await store.head('link')]).toEqual([null, null]);
    await expect(store.get('none')).rejects.toThrow(NotFoundError);
    await expect(store.open('link')).rejects.toThrow(NotFoundError);
    await expect(store.get('two.txt', { sizeBytesMax: 2 })).rejects.toThrow(FormatError);
  });

  it('refuses every write in one sentence', async () => {
    const store = readOnlyFolder(folder);
    for (const write of [
      () => store.put('x', Buffer.from('x')),
      () => store.write('x'),
      () => store.delete('two.txt'),
      () => store.setTags('two.txt', {}),
    ])
      await expect(write()).rejects.toThrow(ConfigurationError);
  });

  it('that is not there is refused', () => {
    expect(() => readOnlyFolder(join(folder, 'missing'))).toThrow(/missing/);
  });
});
