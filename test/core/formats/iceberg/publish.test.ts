import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import {
  CommitConflictError,
  CommitStateUnknownError,
  ConfigurationError,
  FormatError,
  NotFoundError,
} from '#core/errors.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { currentSchema, currentSnapshot, type TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import { commitAttemptCountMax } from '#core/limits.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { expectSoundTable } from './check-table.ts';
import { bandColumn, change, column, dataFile, memoryLake, plots } from './small-table.ts';

async function metadataOf({ catalog }: PublishContext): Promise<TableMetadata> {
  return (await catalog.loadTable(plots))!.metadata;
}

async function livePaths(context: PublishContext): Promise<string[]> {
  const { files } = await planScan((await context.catalog.loadTable(plots))!, context.warehouse);
  return files.map((file) => file.path.split('/').at(-1)!.replace('.parquet', '')).toSorted();
}

/** The store, and what has been fetched from it. */
function countingStore(): { store: ObjectStore; fetched: string[] } {
  const store = memoryObjectStore('lake');
  const fetched: string[] = [];
  const get = store.get.bind(store);
  store.get = (key, options) => {
    fetched.push(key);
    return get(key, options);
  };
  return { store, fetched };
}

describe('publishing', () => {
  it('makes namespace and table, and shows the files of the first commit', async () => {
    const context = memoryLake();
    const addFiles = [
      dataFile(context.warehouse, 'a'),
      dataFile(context.warehouse, 'b', { farm: 'linn', rowCount: 5 }),
    ];
    const report = await publish(
      context,
      plots,
      change('first', { addFiles, summary: { 'cubelake.manifest-id': 'm1' } }),
    );
    expect(report).toMatchObject({ outcome: 'committed', attemptCount: 1 });
    expect(await livePaths(context)).toEqual(['a', 'b']);
    const metadata = await metadataOf(context);
    expect(metadata.properties).toMatchObject({
      comment: 'Plots',
      'write.format.default': 'parquet',
      'write.metadata.metrics.default': 'none',
      'write.metadata.metrics.column.mean': 'full',
    });
    expect(currentSnapshot(metadata)!.summary).toEqual({
      operation: 'append',
      'added-data-files': '2',
      'added-records': '15',
      'added-files-size': '215',
      'changed-partition-count': '2',
      'total-records': '15',
      'total-data-files': '2',
      'total-files-size': '215',
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
      'cubelake.commit-id': 'first',
      'cubelake.manifest-id': 'm1',
    });
  });

  it('gives a snapshot id that follows from table, commit and base', async () => {
    const ids = await Promise.all(
      [memoryLake(), memoryLake()].map(async (context) => {
        const first = await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a')] }));
        const second = await publish(context, plots, change('b'));
        return [first.snapshotId, second.snapshotId];
      }),
    );
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[0]![0]).not.toBe(ids[0]![1]);
    for (const id of ids[0]!) expect(BigInt.asUintN(63, id)).toBe(id);
  });

  it('says that a commit has happened already, and does not repeat it', async () => {
    const context = memoryLake();
    const once = change('once', { addFiles: [dataFile(context.warehouse, 'a')] });
    const { snapshotId } = await publish(context, plots, once);
    await publish(context, plots, change('other', { addFiles: [dataFile(context.warehouse, 'b')] }));
    expect(await publish(context, plots, once)).toEqual({ snapshotId, outcome: 'already committed', attemptCount: 1 });
    expect((await metadataOf(context)).snapshots).toHaveLength(2);
  });

  it('records a commit without files, for what its summary says', async () => {
    const context = memoryLake();
    await publish(context, plots, change('offsets', { summary: { offsets: '7' } }));
    expect(currentSnapshot(await metadataOf(context))!.summary).toMatchObject({ operation: 'append', offsets: '7' });
  });

  it('never goes back in time when a clock does', async () => {
    const context = memoryLake();
    await publish(context, plots, change('a'));
    const before = (await metadataOf(context))['last-updated-ms'];
    await publish({ ...context, clock: { nowMs: () => 0.5, sleepMs: async () => {} } }, plots, change('b'));
    expect(currentSnapshot(await metadataOf(context))!['timestamp-ms']).toBeGreaterThanOrEqual(before);
  });

  it('cuts long text bounds, so that no polygon fills the manifests', async () => {
    const context = memoryLake();
    const farm = 'x'.repeat(1000);
    await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a', { farm })] }));
    const { files } = await planScan((await context.catalog.loadTable(plots))!, context.warehouse);
    const text = (bound: string | undefined) => Buffer.from(bound!, 'base64').toString();
    expect(text(files[0]!.lowerBounds['1'])).toBe('x'.repeat(64));
    expect(text(files[0]!.upperBounds['1'])).toBe(`${'x'.repeat(63)}y`);
  });
});

describe('the cost of an append', () => {
  it('is one new manifest, and no earlier manifest of another partition is read', async () => {
    const { store, fetched } = countingStore();
    const context = memoryLake(store);
    for (let day = 0; day < 20; day++)
      await publish(context, plots, change(`d${day}`, { addFiles: [dataFile(store, `f${day}`, { day })] }));
    fetched.length = 0;
    await publish(context, plots, change('new', { addFiles: [dataFile(store, 'new', { day: 99 })] }));
    expect(fetched.filter((key) => /-m\d+-/.test(key))).toEqual([]);
    // The hint, once to load and once to commit, and the manifest list: metadata that we wrote ourselves is known.
    expect(fetched).toHaveLength(3);
    await publish(context, plots, change('same day', { addFiles: [dataFile(store, 'more', { day: 7 })] }));
    expect(fetched.filter((key) => /-m\d+-/.test(key))).toHaveLength(1);
  });

  it('stays bounded: small manifests are merged, sorted by partition, with their history', async () => {
    const context = memoryLake();
    for (let commit = 0; commit < 120; commit++) {
      const file = dataFile(context.warehouse, `f${commit}`, {
        day: commit % 4,
        farm: commit % 2 === 0 ? 'knox' : 'linn',
      });
      await publish(context, plots, change(`c${commit}`, { addFiles: [file] }));
    }
    const table = (await context.catalog.loadTable(plots))!;
    const all = await planScan(table, context.warehouse);
    expect(all.files).toHaveLength(120);
    expect(all.manifestReadCount).toBeLessThan(100);
    await expectSoundTable(table, context.warehouse);
  });
});

describe('replacing files', () => {
  it('is one snapshot that rewrites only the manifests that hold them', async () => {
    const { store, fetched } = countingStore();
    const context = memoryLake(store);
    for (const day of [1, 2, 3]) {
      const files = ['x', 'y'].map((name) => dataFile(store, `${name}${day}`, { day }));
      await publish(context, plots, change(`d${day}`, { addFiles: files }));
    }
    fetched.length = 0;
    const [gone, instead] = [dataFile(store, 'x2', { day: 2 }), dataFile(store, 'z2', { day: 2, rowCount: 4 })];
    await publish(context, plots, change('replace', { addFiles: [instead], removePaths: [gone.path] }));
    expect(fetched.filter((key) => /-m\d+-/.test(key))).toHaveLength(1);
    expect(await livePaths(context)).toEqual(['x1', 'x3', 'y1', 'y2', 'y3', 'z2']);
    const table = (await context.catalog.loadTable(plots))!;
    expect(currentSnapshot(table.metadata)!.summary).toMatchObject({
      operation: 'overwrite',
      'added-records': '4',
      'deleted-records': '10',
      'removed-files-size': '110',
      'total-records': '54',
      'total-data-files': '6',
    });
    await expectSoundTable(table, store);
  });

  it('finds files whose path says nothing of their partition', async () => {
    const context = memoryLake();
    const hidden = {
      ...dataFile(context.warehouse, 'a', { farm: 'linn' }),
      path: `${context.warehouse.rootUri}/x/a.parquet`,
    };
    await publish(context, plots, change('a', { addFiles: [hidden, dataFile(context.warehouse, 'b')] }));
    await publish(context, plots, change('b', { removePaths: [hidden.path] }));
    expect(await livePaths(context)).toEqual(['b']);
    expect(currentSnapshot(await metadataOf(context))!.summary['operation']).toBe('delete');
  });

  it('drops manifests whose files are all gone, one snapshot later', async () => {
    const context = memoryLake();
    const file = dataFile(context.warehouse, 'a');
    await publish(context, plots, change('a', { addFiles: [file] }));
    await publish(context, plots, change('b', { removePaths: [file.path] }));
    await publish(context, plots, change('c', { addFiles: [dataFile(context.warehouse, 'c')] }));
    const table = (await context.catalog.loadTable(plots))!;
    expect((await planScan(table, context.warehouse)).manifestReadCount).toBe(1);
    await expectSoundTable(table, context.warehouse);
  });

  it('refuses a path that is not live, and publishes nothing', async () => {
    const context = memoryLake();
    await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a')] }));
    const lost = dataFile(context.warehouse, 'lost');
    const wanted = change('b', { addFiles: [dataFile(context.warehouse, 'b')], removePaths: [lost.path] });
    await expect(publish(context, plots, wanted)).rejects.toThrow(NotFoundError);
    expect(await livePaths(context)).toEqual(['a']);
  });
});

describe('columns', () => {
  it('that files need are added under their own ids, once', async () => {
    const context = memoryLake();
    const [red, green] = [bandColumn(670), bandColumn(550)];
    await publish(context, plots, change('a', { extraColumns: [red] }));
    await publish(context, plots, change('b', { extraColumns: [green, red] }));
    await publish(context, plots, change('c', { extraColumns: [red] }));
    const metadata = await metadataOf(context);
    expect(currentSchema(metadata).fields.map((field) => [field.id, field.name])).toEqual([
      [1, 'farm_id'],
      [2, 'day'],
      [3, 'mean'],
      [16_700, 'r0670'],
      [15_500, 'r0550'],
    ]);
    expect(metadata.schemas).toHaveLength(3);
    expect(metadata['last-column-id']).toBe(16_700);
    expect(metadata.snapshots.map((snapshot) => snapshot['schema-id'])).toEqual([1, 2, 2]);
  });

  it.each([
    ['the same name with another id', { ...bandColumn(670), id: 9 }],
    ['the same id with another name', { ...bandColumn(670), name: 'r0671' }],
    ['the same name in another case', { ...bandColumn(671), name: 'R0670' }],
    ['another type', { ...bandColumn(670), type: 'int' as const }],
    ['a required one', column(9, 'late', 'int', true)],
  ])('with %s are refused', async (_what, wrong) => {
    const context = memoryLake();
    await publish(context, plots, change('a', { extraColumns: [bandColumn(670)] }));
    await expect(publish(context, plots, change('b', { extraColumns: [wrong] }))).rejects.toThrow(ConfigurationError);
  });

  it('that another program dropped do not come back under their old id', async () => {
    const context = memoryLake();
    await publish(context, plots, change('a', { extraColumns: [bandColumn(670)] }));
    const schema = currentSchema(await metadataOf(context));
    const fields = schema.fields.filter((field) => field.id !== 16_700);
    await context.catalog.commitTable(plots, {
      requirements: [],
      updates: [
        { action: 'add-schema', schema: { ...schema, fields } },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    });
    const again = publish(context, plots, change('b', { extraColumns: [bandColumn(670)] }));
    await expect(again).rejects.toThrow(/an id that no dropped column had/);
  });

  it('of a table that is partitioned otherwise are not touched', async () => {
    const context = memoryLake();
    await publish(context, plots, change('a'));
    const other = { ...plots, partition: plots.partition.slice(0, 1) };
    await expect(publish(context, other, change('b'))).rejects.toThrow(
      /Expected partition farm_id = identity\(1\), got/,
    );
  });
});

describe('a change', () => {
  const refused = (parts: (warehouse: ObjectStore) => Parameters<typeof change>[1]) => async () => {
    const context = memoryLake();
    await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'live')] }));
    await expect(publish(context, plots, change('b', parts(context.warehouse)))).rejects.toThrow(FormatError);
    expect(await livePaths(context)).toEqual(['live']);
  };
  it(
    'with a path that is live already is refused',
    refused((warehouse) => ({ addFiles: [dataFile(warehouse, 'live')] })),
  );
  it(
    'with one file twice is refused',
    refused((warehouse) => ({ addFiles: [dataFile(warehouse, 'x'), dataFile(warehouse, 'x')] })),
  );
  it(
    'that adds and removes one file is refused',
    refused((warehouse) => ({
      addFiles: [dataFile(warehouse, 'live')],
      removePaths: [dataFile(warehouse, 'live').path],
    })),
  );
  it(
    'with a file outside the warehouse is refused',
    refused((warehouse) => ({ addFiles: [{ ...dataFile(warehouse, 'x'), path: 'file:///etc/passwd' }] })),
  );
  it(
    'with partition values that do not fit the spec is refused',
    refused((warehouse) => ({ addFiles: [{ ...dataFile(warehouse, 'x'), partition: { farm_id: 'knox' } }] })),
  );
  it(
    'whose summary would overwrite the commit id is refused',
    refused(() => ({ summary: { 'cubelake.commit-id': 'x' } })),
  );
});

describe('a catalog that fails', () => {
  const failing = (context: PublishContext, commitTable: Catalog['commitTable']): PublishContext => ({
    ...context,
    catalog: {
      createNamespace: (name) => context.catalog.createNamespace(name),
      createTable: (table, request) => context.catalog.createTable(table, request),
      loadTable: (table) => context.catalog.loadTable(table),
      commitTable,
    } as Catalog,
  });

  it('is asked again after a conflict until the bound, with longer and longer waits', async () => {
    const context = memoryLake();
    const waitsMs: number[] = [];
    let commitCount = 0;
    const busy = failing(context, async () => {
      commitCount++;
      throw new CommitConflictError('Expected to be first, got another writer.');
    });
    const clock = { ...context.clock, sleepMs: async (ms: number) => void waitsMs.push(ms) };
    await expect(publish({ ...busy, clock }, plots, change('a'))).rejects.toThrow(CommitConflictError);
    expect(commitCount).toBe(commitAttemptCountMax);
    expect(waitsMs).toHaveLength(commitAttemptCountMax - 1);
    expect(waitsMs.slice(0, 4)).toEqual([38, 75, 150, 300]); // 3/4 of 50 ms, doubled
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(5000);
  });

  it('that took the commit and lost its answer is believed when the table shows it', async () => {
    const context = memoryLake();
    const lossy = failing(context, async (table, commit) => {
      await context.catalog.commitTable(table, commit);
      throw new CommitStateUnknownError('Expected an answer, got none.');
    });
    const wanted = change('a', { addFiles: [dataFile(context.warehouse, 'a')] });
    expect(await publish(lossy, plots, wanted)).toMatchObject({ outcome: 'committed', attemptCount: 1 });
    expect(await livePaths(context)).toEqual(['a']);
  });

  it('that never says and never shows is not asked twice, and the files of the commit stay', async () => {
    const context = memoryLake();
    let commitCount = 0;
    const silent = failing(context, async () => {
      commitCount++;
      throw new CommitStateUnknownError('Expected an answer, got none.');
    });
    const wanted = change('a', { addFiles: [dataFile(context.warehouse, 'a')] });
    await expect(publish(silent, plots, wanted)).rejects.toThrow(CommitStateUnknownError);
    expect(commitCount).toBe(1);
    const manifests = (await Array.fromAsync(context.warehouse.list(''))).filter(({ key }) => key.endsWith('.avro'));
    expect(manifests).toHaveLength(2);
    // The same change goes through once the catalog is back.
    expect(await publish(context, plots, wanted)).toMatchObject({ outcome: 'committed' });
  });
});

describe('a change with a base', () => {
  it('is published beside what others committed on top of it', async () => {
    const context = memoryLake();
    const { snapshotId } = await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a')] }));
    await publish(context, plots, change('b', { addFiles: [dataFile(context.warehouse, 'b')] }));
    const more = { addFiles: [dataFile(context.warehouse, 'c')], baseSnapshotId: snapshotId };
    expect(await publish(context, plots, change('c', more))).toMatchObject({ outcome: 'committed' });
    expect(await livePaths(context)).toEqual(['a', 'b', 'c']);
  });

  it('is not published once the table was taken back behind it, nor while an attempt is on its way', async () => {
    const context = memoryLake();
    const first = await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a')] }));
    const second = await publish(context, plots, change('b', { removePaths: [dataFile(context.warehouse, 'a').path] }));
    const next = change('c', { addFiles: [dataFile(context.warehouse, 'c')], baseSnapshotId: second.snapshotId });
    let isTakenBack = false;
    const { catalog } = context;
    const commitTable = catalog.commitTable.bind(catalog);
    catalog.commitTable = async (identifier, commit) => {
      catalog.commitTable = commitTable;
      await rollbackTable(catalog, plots, first.snapshotId);
      isTakenBack = true;
      return commitTable(identifier, commit);
    };
    await expect(publish(context, plots, next)).rejects.toThrow(/was taken back meanwhile/);
    expect(isTakenBack).toBe(true);
    expect(await livePaths(context)).toEqual(['a']);
    await expect(publish(context, plots, next)).rejects.toThrow(NotFoundError);
    expect(await publish(context, plots, { ...next, baseSnapshotId: first.snapshotId })).toMatchObject({
      outcome: 'committed',
    });
  });
});
