import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { FormatError } from '#core/errors.ts';
import { objectStoreConformance } from '../../conformance/object-store.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-file-store-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const emptyFolder = (): string => mkdtempSync(join(scratch, 'store-'));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

objectStoreConformance('a folder', () => fileObjectStore(emptyFolder()));

describe('a folder that other programs use too', () => {
  it('sees a file that was dropped in, with the ETag that its bytes would have had', async () => {
    const folder = emptyFolder();
    const store = fileObjectStore(folder);
    const put = await store.put('put.txt', text('same'));
    writeFileSync(join(folder, 'dropped.txt'), 'same');
    expect((await store.head('dropped.txt'))?.etag).toBe(put.etag);
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(['dropped.txt', 'put.txt']);
    await store.setTags('dropped.txt', { processing_status: 'complete' });
    expect(await store.getTags('dropped.txt')).toEqual({ processing_status: 'complete' });
  });

  it('notices a file that was overwritten behind its back: new ETag, no tags', async () => {
    const folder = emptyFolder();
    const store = fileObjectStore(folder);
    const before = await store.put('k', text('one'));
    await store.setTags('k', { processing_status: 'complete' });
    writeFileSync(join(folder, 'k'), 'two');
    const after = await store.head('k');
    expect(after?.etag).not.toBe(before.etag);
    expect(await store.getTags('k')).toEqual({});
    await expect(store.put('k', text('three'), { ifMatch: before.etag })).rejects.toThrow('Expected version');
  });

  it('keeps the tags of a file that was only touched', async () => {
    const folder = emptyFolder();
    const store = fileObjectStore(folder);
    const { etag } = await store.put('k', text('one'));
    await store.setTags('k', { a: 'b' });
    utimesSync(join(folder, 'k'), 1_000_000, 1_000_000);
    expect(await store.head('k')).toMatchObject({ etag, lastModifiedMs: 1_000_000_000 });
    expect(await store.getTags('k')).toEqual({ a: 'b' });
  });

  it('does not follow symbolic links out of the folder', async () => {
    const folder = emptyFolder();
    symlinkSync('/etc/passwd', join(folder, 'passwd'));
    symlinkSync('/etc', join(folder, 'etc'));
    const store = fileObjectStore(folder);
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
    expect(await store.head('passwd')).toBeNull();
    expect(await store.head('etc/passwd')).toBeNull();
    await expect(store.put('etc/cubelake-test', text('x'))).rejects.toThrow(FormatError);
    expect(() => statSync('/etc/cubelake-test')).toThrow('ENOENT');
  });

  it('refuses a key that is a folder of other keys, and keys below a key', async () => {
    const store = fileObjectStore(emptyFolder());
    await store.put('a/b', text('x'));
    await expect(store.put('a', text('y'))).rejects.toThrow(FormatError);
    await expect(store.put('a/b/c', text('y'))).rejects.toThrow(FormatError);
    expect(await store.head('a/b/c')).toBeNull();
    await expect(store.put(`${'n'.repeat(256)}`, text('y'))).rejects.toThrow(FormatError);
  });

  it('leaves no file behind after writes that failed', async () => {
    const folder = emptyFolder();
    const store = fileObjectStore(folder);
    await store.put('a/b', text('x'));
    await expect(store.put('a', text('y'))).rejects.toThrow();
    await expect(store.put('a/b', text('y'), { ifNoneMatch: '*' })).rejects.toThrow();
    expect(readdirSync(join(folder, '.store', 'staging'))).toEqual([]);
  });

  it('removes what a crashed writer left a day ago, and nothing younger', async () => {
    const folder = emptyFolder();
    const store = fileObjectStore(folder);
    const staging = join(folder, '.store', 'staging');
    writeFileSync(join(staging, 'old.tmp'), 'x');
    writeFileSync(join(staging, 'young.tmp'), 'x');
    const nowSeconds = statSync(join(staging, 'young.tmp')).mtimeMs / 1000;
    utimesSync(join(staging, 'old.tmp'), nowSeconds - 90_000, nowSeconds - 90_000);
    await store.put('k', text('x'));
    expect(readdirSync(staging)).toEqual(['young.tmp']);
  });

  it('names its root as a URI that gives the folder back', () => {
    const folder = join(emptyFolder(), 'a b#c%20é');
    const { rootUri } = fileObjectStore(folder);
    expect(rootUri).toMatch(/^file:\/\/\/.*a b%23c%2520é$/);
    expect(fileURLToPath(rootUri)).toBe(folder);
  });

  it('hashes like sha256sum does', async () => {
    const folder = emptyFolder();
    const { etag } = await fileObjectStore(folder).put('k', text('cube'));
    expect(execFileSync('sha256sum', [join(folder, 'k')], { encoding: 'utf8' }).slice(0, 32)).toBe(etag);
  });

  it('lets exactly one of four processes create each object', async () => {
    const folder = emptyFolder();
    const racer = join(import.meta.dirname, 'race-to-create.ts');
    const runs = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => promisify(execFile)(process.execPath, [racer, folder, name, '40'])),
    );
    const won = runs.map((run) => JSON.parse(run.stdout) as number[]);
    expect(won.flat().toSorted((left, right) => left - right)).toEqual(Array.from({ length: 40 }, (_, key) => key));
    const store = fileObjectStore(folder);
    for (const [racerIndex, name] of ['a', 'b', 'c', 'd'].entries()) {
      for (const key of won[racerIndex]!) {
        expect(Buffer.from((await store.get(`claims/${key}`)).bytes).toString()).toBe(name);
      }
    }
  });
});
