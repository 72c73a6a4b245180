import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { SpoolDatabase } from '#adapters/sqlite-spool/spool-database.ts';
import { SqliteSpoolIndex } from '#adapters/sqlite-spool/sqlite-spool-index.ts';
import { TemporaryError } from '#core/errors.ts';
import { withReserve } from '#edge-k3s/with-reserve.ts';

describe('a disk that fills up', () => {
  it('keeps a reserve: what would go below it is not written, what is there can be removed', async () => {
    const disk = memoryObjectStore();
    let free = 100;
    const store = withReserve(disk, () => free, 50);
    await store.put('a', new Uint8Array(50));
    await expect(store.put('b', new Uint8Array(51))).rejects.toThrow(TemporaryError);
    const writer = await store.write('c');
    await writer.append(new Uint8Array(10));
    free = 55;
    await expect(writer.append(new Uint8Array(10))).rejects.toThrow(/beside a reserve of 50, got 55/);
    await writer.abort();
    expect(await store.head('a')).toMatchObject({ sizeBytes: 50 });
    expect([await store.head('b'), await store.head('c')]).toEqual([null, null]);
    await store.delete('a');
    expect(await disk.head('a')).toBeNull();
  });

  it('changes nothing of a database that has no room, and lets entries go', () => {
    const database = new SpoolDatabase(':memory:');
    const index = new SqliteSpoolIndex(database);
    const add = (contentId: string): boolean =>
      index.add({ contentId, kind: 'cells', granuleKey: 'g'.repeat(3000), sizeBytes: 1 });
    add('a');
    database.run('PRAGMA max_page_count = 12');
    let count = 1;
    expect(() => {
      for (; count < 100; count++) add(`b${count}`);
    }).toThrow(TemporaryError);
    expect(index.totals().partCount).toBe(count);
    index.remove('a');
    expect(index.totals().partCount).toBe(count - 1);
  });
});
