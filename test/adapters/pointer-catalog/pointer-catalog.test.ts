import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import {
  CommitConflictError,
  CommitStateUnknownError,
  ConfigurationError,
  FormatError,
  PreconditionFailedError,
  TemporaryError,
} from '#core/errors.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import type { TableCommit } from '#core/formats/iceberg/table-metadata.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { catalogConformance } from '../../conformance/catalog.ts';
import { plots } from '../../core/formats/iceberg/small-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-catalog-'));
afterAll(() => rmSync(folder, { recursive: true }));

catalogConformance('the pointer catalog in memory', async () => {
  const warehouse = memoryObjectStore('lake');
  return { catalog: pointerCatalog(warehouse), warehouse };
});

let lakeCount = 0;
catalogConformance('the pointer catalog on disk', async () => {
  const warehouse = fileObjectStore(join(folder, `lake-${lakeCount++}`));
  return { catalog: pointerCatalog(warehouse), warehouse };
});

const set = (updates: Record<string, string>): TableCommit => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates }],
});

async function tableIn(warehouse: ObjectStore) {
  const catalog = pointerCatalog(warehouse, { nowMs: () => 1000 });
  await catalog.createNamespace('gold');
  await catalog.createTable(plots, createTableRequest(plots));
  return catalog;
}

const hint = 'tables/gold/plots/metadata/version-hint.text';
const version = (number: number) => `tables/gold/plots/metadata/v${number}.metadata.json`;
const bytes = (text: string) => Buffer.from(text);

describe('the pointer catalog', () => {
  it('makes a new file for each commit and never changes one', async () => {
    const warehouse = memoryObjectStore('lake');
    const catalog = await tableIn(warehouse);
    const first = await warehouse.get(version(1));
    const { metadataLocation } = await catalog.commitTable(plots, set({ a: '1' }));
    expect(metadataLocation).toBe(`memory://lake/${version(2)}`);
    expect((await warehouse.get(version(1))).bytes).toEqual(first.bytes);
    expect(bytes('2').equals((await warehouse.get(hint)).bytes)).toBe(true);
  });

  it.each([
    ['that is gone', null],
    ['that is old', '1'],
    ['at a version that is not there', '900'],
    ['that is no number', 'zwei'],
  ])('finds the newest version with a hint %s', async (_what, text) => {
    const warehouse = memoryObjectStore('lake');
    const catalog = await tableIn(warehouse);
    for (const value of ['1', '2', '3']) await catalog.commitTable(plots, set({ value }));
    if (text === null) await warehouse.delete(hint);
    else await warehouse.put(hint, bytes(text));
    expect((await catalog.loadTable(plots))!.metadata.properties['value']).toBe('3');
    await catalog.commitTable(plots, set({ value: '4' }));
    expect(await warehouse.head(version(5))).not.toBeNull();
  });

  it('counts versions as numbers: the tenth comes after the ninth', async () => {
    const warehouse = memoryObjectStore('lake');
    const catalog = await tableIn(warehouse);
    for (let value = 2; value <= 11; value++) await catalog.commitTable(plots, set({ value: String(value) }));
    await warehouse.delete(hint);
    expect((await catalog.loadTable(plots))!.metadata.properties['value']).toBe('11');
  });

  it('knows its own write when a repeated request is refused, and another writer when it is not its own', async () => {
    const store = memoryObjectStore('lake');
    await tableIn(store);
    const repeated: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      rootUri: store.rootUri,
      get: store.get.bind(store),
      head: store.head.bind(store),
      list: store.list.bind(store),
      put: async (key: string, content: Uint8Array, options?: { ifNoneMatch?: '*' }) => {
        await store.put(key, content, options);
        return store.put(key, content, options);
      },
    });
    const catalog = pointerCatalog(repeated, { nowMs: () => 1000 });
    expect((await catalog.commitTable(plots, set({ a: '1' }))).metadata.properties['a']).toBe('1');
    expect(await store.head(version(3))).toBeNull();

    const overtaken: ObjectStore = Object.assign(Object.create(repeated) as ObjectStore, {
      put: async (key: string, content: Uint8Array, options?: { ifNoneMatch?: '*' }) => {
        if (key === version(3)) await store.put(key, bytes('{"other":"writer"}'));
        return store.put(key, content, options);
      },
    });
    await expect(pointerCatalog(overtaken).commitTable(plots, set({ b: '1' }))).rejects.toThrow(CommitConflictError);
  });

  it.each([
    ['the write itself', (key: string) => key === version(2), 'put'],
    ['looking whose write it was', (key: string) => key === version(2), 'get'],
  ] as const)('says that it does not know when %s gets no answer', async (_what, isHit, method) => {
    const store = memoryObjectStore('lake');
    await tableIn(store);
    const lost = () => Promise.reject(new TemporaryError('Expected an answer, got none.'));
    const refused = () => Promise.reject(new PreconditionFailedError('Expected no object, got one.'));
    const warehouse: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      rootUri: store.rootUri,
      head: store.head.bind(store),
      list: store.list.bind(store),
      get: (key: string) => (method === 'get' && isHit(key) ? lost() : store.get(key)),
      put: (key: string, content: Uint8Array) =>
        isHit(key) ? (method === 'put' ? lost() : refused()) : store.put(key, content),
    });
    const commit = pointerCatalog(warehouse).commitTable(plots, set({ a: '1' }));
    await expect(commit).rejects.toThrow(CommitStateUnknownError);
  });

  it('drops by a tombstone, which a commit that comes later meets as a conflict', async () => {
    const warehouse = memoryObjectStore('lake');
    const catalog = await tableIn(warehouse);
    await catalog.dropTable(plots);
    expect(Buffer.from((await warehouse.get(version(2))).bytes).toString()).toBe('{"cubelake-dropped":true}');
    expect(await warehouse.head(version(1))).not.toBeNull();
    await catalog.createTable(plots, createTableRequest(plots));
    expect(await warehouse.head(version(3))).not.toBeNull();
  });

  it('refuses another location for a table, and damaged metadata', async () => {
    const warehouse = memoryObjectStore('lake');
    const catalog = await tableIn(warehouse);
    const request = { ...createTableRequest(plots), location: 'file:///elsewhere' };
    const other = { namespace: 'gold', name: 'other' };
    await expect(catalog.createTable(other, request)).rejects.toThrow(ConfigurationError);
    const moved: TableCommit = {
      requirements: [],
      updates: [{ action: 'set-location', location: 'file:///elsewhere' }],
    };
    await expect(catalog.commitTable(plots, moved)).rejects.toThrow(ConfigurationError);
    await warehouse.put(version(2), bytes('{"format-version":2'));
    await expect(catalog.loadTable(plots)).rejects.toThrow(FormatError);
  });

  it('lists tables without looking at their data', async () => {
    const store = memoryObjectStore('lake');
    const catalog = await tableIn(store);
    const listed: string[] = [];
    const list = store.list.bind(store);
    store.list = (prefix) => {
      listed.push(prefix);
      return list(prefix);
    };
    expect(await catalog.listTables('gold')).toHaveLength(1);
    expect(listed).toEqual(['catalog/tables/gold/']);
  });
});
