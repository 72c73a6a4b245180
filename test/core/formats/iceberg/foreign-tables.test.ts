import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { applyUpdates } from '#core/formats/iceberg/apply-updates.ts';
import { formatTableMetadata, parseTableMetadata } from '#core/formats/iceberg/parse-metadata.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import type { Catalog, LoadedTable } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { change, dataFile, memoryLake, plots } from './small-table.ts';

/** A table that pyiceberg wrote: two appends and a delete. test/fixtures/iceberg/make.py */
async function foreignTable(version: 'v1' | 'v2'): Promise<{ table: LoadedTable; warehouse: ObjectStore }> {
  const folder = new URL(`../../../fixtures/iceberg/pyiceberg-${version}/`, import.meta.url);
  const store = memoryObjectStore('fixture');
  for (const name of readdirSync(folder))
    if (name.endsWith('.avro'))
      await store.put(`gold/${version}/metadata/${name}`, readFileSync(new URL(name, folder)));
  const metadata = parseTableMetadata(readFileSync(new URL('table.metadata.json', folder), 'utf8'), 'fixture');
  const warehouse = Object.assign(Object.create(store) as ObjectStore, {
    rootUri: 'file:///tmp/cubelake-fixture',
    get: store.get.bind(store),
    put: store.put.bind(store),
  });
  const table = { identifier: { namespace: 'gold', name: version }, metadata, metadataLocation: 'fixture' };
  return { table, warehouse };
}

function expectedFiles(version: string) {
  const path = new URL(`../../../fixtures/iceberg/pyiceberg-${version}/files.expected.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as { path: string; rows: number; farm: string; day: number }[];
}

describe.each(['v1', 'v2'] as const)('a table that pyiceberg wrote (%s)', (version) => {
  it('is read with its partitions and counts', async () => {
    const { table, warehouse } = await foreignTable(version);
    const { files } = await planScan(table, warehouse);
    const found = files.map((file) => ({
      path: file.path,
      rows: file.recordCount,
      farm: file.partition['farm_id'],
      day: file.partition['day_day'],
    }));
    expect(found.toSorted((a, b) => (a.day! < b.day! ? 1 : -1))).toEqual(expectedFiles(version));
  });

  it('is pruned by the bounds that pyiceberg kept', async () => {
    const { table, warehouse } = await foreignTable(version);
    const found = await planScan(table, warehouse, { predicates: [{ column: 'mean', op: '<', value: 0.3 }] });
    expect(found.files.map((file) => file.recordCount)).toEqual([2]);
    expect(found.skippedFileCount).toBe(1);
  });

  it('travels to the snapshot before the delete', async () => {
    const { table, warehouse } = await foreignTable(version);
    const before = table.metadata.snapshots[1]!['snapshot-id'];
    const { files } = await planScan(table, warehouse, { snapshotId: before });
    expect(files.map((file) => file.recordCount).toSorted()).toEqual([1, 1, 2]);
    expect(files.map((file) => file.partition['day_day'])).toContain(-1);
  });

  it('keeps its metadata through a rewrite', async () => {
    const { table } = await foreignTable(version);
    expect(parseTableMetadata(formatTableMetadata(table.metadata), 'again')).toEqual(table.metadata);
  });

  it('takes an append and a replacement of ours', async () => {
    const { table, warehouse } = await foreignTable(version);
    let current = table;
    const catalog: Catalog = {
      ...({} as Catalog),
      loadTable: async () => current,
      commitTable: async (_identifier, commit) => {
        const metadata = applyUpdates(current, commit, 'fixture', current.metadata['last-updated-ms'] + 1);
        current = { ...current, metadata };
        return current;
      },
    };
    const context = { ...memoryLake(), catalog, warehouse };
    const [gone, stays] = expectedFiles(version);
    const added = dataFile(warehouse, 'ours', { rowCount: 7 });
    await publish(context, plots, change('ours', { addFiles: [added], removePaths: [gone!.path] }));
    const { files } = await planScan(current, warehouse);
    expect(files.map((file) => file.path)).toEqual([added.path, stays!.path]);
    expect(current.metadata['format-version']).toBe(2);
    expect(current.metadata.snapshots.at(-1)!.summary).toMatchObject({
      operation: 'overwrite',
      'total-records': '9',
      'total-data-files': '2',
    });
  });
});

describe('metadata', () => {
  const text = () =>
    readFileSync(new URL('../../../fixtures/iceberg/pyiceberg-v2/table.metadata.json', import.meta.url), 'utf8');
  const changed = (edit: (metadata: Record<string, unknown>) => void): string => {
    const metadata = JSON.parse(text()) as Record<string, unknown>;
    edit(metadata);
    return JSON.stringify(metadata);
  };

  it.each([
    ['a format version that is not known', { 'format-version': 3 }, /version 1 or 2, got 3/],
    ['a current schema that is not there', { 'current-schema-id': 9 }, /current schema among the schemas, got id 9/],
    ['a default spec that is not there', { 'default-spec-id': 9 }, /default spec among the specs, got id 9/],
    [
      'a current snapshot that is not there',
      { 'current-snapshot-id': 12 },
      /current snapshot among the snapshots, got 12/,
    ],
    ['a last column id below a column', { 'last-column-id': 2 }, /last-column-id of at least 3, got 2/],
    ['a branch at no snapshot', { refs: { old: { 'snapshot-id': 5, type: 'branch' } } }, /snapshot for ref old, got 5/],
    ['no location', { location: '' }, /location/],
  ])('with %s is refused', (_what, parts, message) => {
    expect(() =>
      parseTableMetadata(
        changed((metadata) => Object.assign(metadata, parts)),
        'x',
      ),
    ).toThrow(message);
  });

  it('keeps members that it does not know', () => {
    const metadata = parseTableMetadata(
      changed((each) => Object.assign(each, { 'encryption-keys': [{ a: 1 }] })),
      'x',
    );
    expect(JSON.parse(formatTableMetadata(metadata))).toMatchObject({ 'encryption-keys': [{ a: 1 }] });
  });
});
