import { describe, expect, it } from 'vitest';
import { CommitConflictError, CommitStateUnknownError, CubelakeError, NotFoundError } from '#core/errors.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import type { CreateTableRequest, TableCommit } from '#core/formats/iceberg/table-metadata.ts';
import type { Catalog, TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { testClock } from './test-clock.ts';

export interface CatalogWorld {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
  /** Nessie keeps earlier snapshots in its own history and shows the newest only. */
  readonly showsNewestSnapshotOnly?: boolean;
  /** Nessie 0.99 takes every commit that asks for a table without snapshots: a racing first commit would be lost. */
  readonly losesRacingFirstCommits?: boolean;
}

const table: TableIdentifier = { namespace: 'gold', name: 'plots' };
const request: CreateTableRequest = {
  name: 'plots',
  schema: {
    type: 'struct',
    'schema-id': 0,
    fields: [
      { id: 1, name: 'farm_id', required: true, type: 'string', doc: 'Farm' },
      { id: 2, name: 'day', required: true, type: 'date', doc: 'Day' },
    ],
  },
  'partition-spec': {
    'spec-id': 0,
    fields: [{ 'source-id': 1, 'field-id': 1000, name: 'farm_id', transform: 'identity' }],
  },
  properties: { comment: 'Plots' },
};
const set = (updates: Record<string, string>): TableCommit => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates }],
});

/** What every catalog promises. `create` returns an empty one. */
export function catalogConformance(name: string, create: () => Promise<CatalogWorld>): void {
  describe(`${name} as a catalog`, () => {
    namespacesAndTables(create);
    namespaceProperties(create);
    renames(create);
    commits(create);
    races(create);
  });
}

async function withTable(create: () => Promise<CatalogWorld>): Promise<Catalog> {
  const { catalog } = await create();
  await catalog.createNamespace('gold');
  await catalog.createTable(table, request);
  return catalog;
}

function namespacesAndTables(create: () => Promise<CatalogWorld>): void {
  it('lists namespaces, and making one again does nothing', async () => {
    const { catalog } = await create();
    expect(await catalog.listNamespaces()).toEqual([]);
    for (const each of ['gold', 'silver', 'gold']) await catalog.createNamespace(each);
    expect((await catalog.listNamespaces()).toSorted()).toEqual(['gold', 'silver']);
    expect(await catalog.listTables('gold')).toEqual([]);
  });

  it('makes a table with the ids that were asked for', async () => {
    const catalog = await withTable(create);
    const loaded = await catalog.loadTable(table);
    expect(loaded!.identifier).toEqual(table);
    const { metadata } = loaded!;
    expect(metadata['format-version']).toBe(2);
    expect(metadata.schemas[0]!.fields).toEqual(request.schema.fields);
    expect(metadata['partition-specs'][0]!.fields).toEqual(request['partition-spec']!.fields);
    expect(metadata.properties).toMatchObject({ comment: 'Plots' });
    expect(metadata['current-snapshot-id']).toBeNull();
    expect(await catalog.listTables('gold')).toEqual([table]);
  });

  it('refuses a table that is there, and one in no namespace', async () => {
    const catalog = await withTable(create);
    await expect(catalog.createTable(table, request)).rejects.toThrow(CommitConflictError);
    const nowhere = { namespace: 'nowhere', name: 'plots' };
    await expect(catalog.createTable(nowhere, request)).rejects.toThrow(NotFoundError);
  });

  it('says that a table is not there', async () => {
    const { catalog } = await create();
    await catalog.createNamespace('gold');
    expect(await catalog.loadTable(table)).toBeNull();
    await expect(catalog.commitTable(table, set({ a: '1' }))).rejects.toThrow(NotFoundError);
    await expect(catalog.dropTable(table)).rejects.toThrow(NotFoundError);
  });

  it('drops a table, and makes another of its name', async () => {
    const catalog = await withTable(create);
    const { metadata } = (await catalog.loadTable(table))!;
    await catalog.dropTable(table);
    expect(await catalog.loadTable(table)).toBeNull();
    expect(await catalog.listTables('gold')).toEqual([]);
    await expect(catalog.commitTable(table, set({ a: '1' }))).rejects.toThrow(NotFoundError);
    const again = await catalog.createTable(table, request);
    expect(again.metadata['table-uuid']).not.toBe(metadata['table-uuid']);
    expect(await catalog.listTables('gold')).toEqual([table]);
  });

  it.each(['', 'Upper', '../x', 'a/b', 'a b', 'x'.repeat(65), 'ä'])('takes no namespace called %j', async (wrong) => {
    const { catalog } = await create();
    await expect(catalog.createNamespace(wrong)).rejects.toThrow(CubelakeError);
    expect(await catalog.listNamespaces()).toEqual([]);
  });
}

function namespaceProperties(create: () => Promise<CatalogWorld>): void {
  it('keeps properties of a namespace, and changes only those that it is told', async () => {
    const { catalog } = await create();
    expect(await catalog.loadNamespace('gold')).toBeNull();
    await catalog.createNamespace('gold', { owner: 'breeding', comment: 'Decisions' });
    expect(await catalog.loadNamespace('gold')).toMatchObject({ owner: 'breeding', comment: 'Decisions' });
    await catalog.createNamespace('gold', { owner: 'somebody else' });
    expect(await catalog.loadNamespace('gold')).toMatchObject({ owner: 'breeding' });
    await catalog.updateNamespace('gold', { updates: { owner: 'agronomy', season: '2026' }, removals: ['comment'] });
    const after = await catalog.loadNamespace('gold');
    expect(after).toMatchObject({ owner: 'agronomy', season: '2026' });
    expect(after).not.toHaveProperty('comment');
    const change = { updates: { a: '1' }, removals: [] };
    await expect(catalog.updateNamespace('nowhere', change)).rejects.toThrow(NotFoundError);
  });

  it('drops a namespace that is empty, and no other', async () => {
    const catalog = await withTable(create);
    await expect(catalog.dropNamespace('gold')).rejects.toThrow(CommitConflictError);
    expect(await catalog.loadTable(table)).not.toBeNull();
    await catalog.dropTable(table);
    await catalog.dropNamespace('gold');
    expect(await catalog.listNamespaces()).toEqual([]);
    expect(await catalog.loadNamespace('gold')).toBeNull();
    await expect(catalog.dropNamespace('gold')).rejects.toThrow(NotFoundError);
    await catalog.createNamespace('gold');
    expect(await catalog.listTables('gold')).toEqual([]);
  });
}

function renames(create: () => Promise<CatalogWorld>): void {
  const renamed: TableIdentifier = { namespace: 'archive', name: 'old_plots' };

  it('renames a table into another namespace: its history goes with it, the old name is gone', async () => {
    const catalog = await withTable(create);
    await catalog.createNamespace('archive');
    const before = (await catalog.commitTable(table, set({ a: '1' }))).metadata;
    await catalog.renameTable(table, renamed);
    expect(await catalog.loadTable(table)).toBeNull();
    expect(await catalog.listTables('gold')).toEqual([]);
    expect(await catalog.listTables('archive')).toEqual([renamed]);
    const { identifier, metadata } = (await catalog.loadTable(renamed))!;
    expect(identifier).toEqual(renamed);
    expect(metadata['table-uuid']).toBe(before['table-uuid']);
    expect(metadata.location).toBe(before.location);
    const after = await catalog.commitTable(renamed, set({ b: '2' }));
    expect(after.metadata.properties).toMatchObject({ a: '1', b: '2' });
    await expect(catalog.commitTable(table, set({ c: '3' }))).rejects.toThrow(NotFoundError);
  });

  it('renames back, and drops what was renamed', async () => {
    const catalog = await withTable(create);
    await catalog.createNamespace('archive');
    await catalog.renameTable(table, renamed);
    await catalog.renameTable(renamed, table);
    expect(await catalog.loadTable(renamed)).toBeNull();
    expect(await catalog.loadTable(table)).not.toBeNull();
    await catalog.renameTable(table, renamed);
    await catalog.dropTable(renamed);
    for (const each of [table, renamed]) expect(await catalog.loadTable(each)).toBeNull();
    await catalog.createTable(renamed, { ...request, name: renamed.name });
    expect(await catalog.listTables('archive')).toEqual([renamed]);
  });

  it('refuses to rename what is not there, or to a name that is taken', async () => {
    const catalog = await withTable(create);
    const other = { namespace: 'gold', name: 'other' };
    await catalog.createTable(other, { ...request, name: 'other' });
    await expect(catalog.renameTable(table, other)).rejects.toThrow(CommitConflictError);
    await expect(catalog.renameTable({ namespace: 'gold', name: 'none' }, renamed)).rejects.toThrow(NotFoundError);
    expect((await catalog.listTables('gold')).map(({ name }) => name).toSorted()).toEqual(['other', 'plots']);
  });
}

function commits(create: () => Promise<CatalogWorld>): void {
  it('applies all updates of a commit and gives the metadata that loads afterwards', async () => {
    const catalog = await withTable(create);
    const committed = await catalog.commitTable(table, set({ a: '1', b: '2' }));
    expect(committed.metadata.properties).toMatchObject({ a: '1', b: '2', comment: 'Plots' });
    expect((await catalog.loadTable(table))!.metadata).toEqual(committed.metadata);
  });

  it('applies nothing when one requirement does not hold', async () => {
    const catalog = await withTable(create);
    const before = await catalog.loadTable(table);
    const wrong: TableCommit = {
      requirements: [
        { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null },
        { type: 'assert-table-uuid', uuid: '00000000-0000-4000-8000-00000000dead' },
      ],
      updates: set({ a: '1' }).updates,
    };
    await expect(catalog.commitTable(table, wrong)).rejects.toThrow(CommitConflictError);
    expect(await catalog.loadTable(table)).toEqual(before);
  });

  it('keeps ids of 63 bits', async () => {
    const catalog = await withTable(create);
    const { metadata } = (await catalog.loadTable(table))!;
    const snapshotId = 9_007_199_254_740_993n;
    const snapshot = {
      'snapshot-id': snapshotId,
      'sequence-number': 1n,
      'timestamp-ms': metadata['last-updated-ms'] + 1,
      'manifest-list': `${metadata.location}/metadata/none.avro`,
      summary: { operation: 'append' },
      'schema-id': 0,
    };
    await catalog.commitTable(table, {
      requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null }],
      updates: [
        { action: 'add-snapshot', snapshot },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
      ],
    });
    expect((await catalog.loadTable(table))!.metadata['current-snapshot-id']).toBe(snapshotId);
  });
}

function races(create: () => Promise<CatalogWorld>): void {
  it('lets one of many creators win', async () => {
    const { catalog } = await create();
    await catalog.createNamespace('gold');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => catalog.createTable(table, request)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  it('loses no commit of many racing writers, and makes a snapshot for each', async () => {
    const { catalog, warehouse, showsNewestSnapshotOnly = false, losesRacingFirstCommits = false } = await create();
    const definition: TableDefinition = { namespace: 'gold', name: 'plots', doc: 'Plots', columns: [], partition: [] };
    let state = 7;
    const next = () => {
      state = (state * 16_807) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const context = { catalog, warehouse, clock: testClock(), random: { next } };
    const commitIds = Array.from({ length: 8 }, (_, writer) => `writer-${writer}`);
    const publishOne = async (commitId: string): Promise<void> => {
      const change = { commitId, extraColumns: [], addFiles: [], removePaths: [], summary: {} };
      for (;;) {
        try {
          await publish(context, definition, change);
          return;
        } catch (error) {
          const mayRetry = error instanceof CommitConflictError || error instanceof CommitStateUnknownError;
          if (!mayRetry) throw error;
        }
      }
    };
    if (losesRacingFirstCommits) await publishOne(commitIds.shift()!);
    await Promise.all(commitIds.map(publishOne));
    const { metadata } = (await catalog.loadTable(table))!;
    // Each commit builds on the one before: a lost one would leave its number to the next.
    expect(metadata['last-sequence-number']).toBe(8n);
    if (showsNewestSnapshotOnly) return;
    expect(metadata.snapshots.map((snapshot) => snapshot.summary[commitIdKey]).toSorted()).toEqual(commitIds);
    expect(metadata.snapshots.map((snapshot) => snapshot['sequence-number'])).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
  });
}
