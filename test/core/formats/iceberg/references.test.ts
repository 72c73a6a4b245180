import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import {
  CommitConflictError,
  CommitStateUnknownError,
  ConfigurationError,
  FormatError,
  NotFoundError,
} from '#core/errors.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { fastForward, removeReference, setReference } from '#core/formats/iceberg/references.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { currentSnapshot, snapshotById, type TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import { expectSoundTable } from './check-table.ts';
import { change, dataFile, memoryLake, plots } from './small-table.ts';

async function metadataOf({ catalog }: PublishContext): Promise<TableMetadata> {
  return (await catalog.loadTable(plots))!.metadata;
}

async function pathsAt(context: PublishContext, snapshotId?: bigint): Promise<string[]> {
  const loaded = (await context.catalog.loadTable(plots))!;
  const { files } = await planScan(loaded, context.warehouse, snapshotId === undefined ? {} : { snapshotId });
  return files.map((file) => file.path.split('/').at(-1)!.replace('.parquet', '')).toSorted();
}

function append(context: PublishContext, name: string, branch?: string) {
  const addFiles = [dataFile(context.warehouse, name)];
  return publish(context, plots, change(name, { addFiles, ...(branch === undefined ? {} : { branch }) }));
}

/** A catalog whose first commit has this outcome. */
function oncePer(context: PublishContext, first: Catalog['commitTable']): PublishContext {
  let isFirst = true;
  const catalog = Object.create(context.catalog) as Catalog;
  catalog.loadTable = (table) => context.catalog.loadTable(table);
  catalog.commitTable = (table, commit) => {
    const wasFirst = isFirst;
    isFirst = false;
    return wasFirst ? first(table, commit) : context.catalog.commitTable(table, commit);
  };
  return { ...context, catalog };
}

describe('a branch', () => {
  it('begins at the current snapshot of main, and readers of main do not see it', async () => {
    const context = memoryLake();
    const { snapshotId: base } = await append(context, 'a');
    const { snapshotId } = await append(context, 'b', 'repair');
    const metadata = await metadataOf(context);
    expect(metadata.refs['repair']).toEqual({ type: 'branch', 'snapshot-id': snapshotId });
    expect(snapshotById(metadata, snapshotId)).toMatchObject({
      'parent-snapshot-id': base,
      summary: { 'cubelake.branch': 'repair', 'total-data-files': '2' },
    });
    expect(await pathsAt(context)).toEqual(['a']);
    expect(await pathsAt(context, snapshotId)).toEqual(['a', 'b']);
  });

  it('is published to main in one commit, without a new snapshot, and once', async () => {
    const context = memoryLake();
    await append(context, 'a');
    const { snapshotId } = await append(context, 'b', 'repair');
    expect(await fastForward(context, plots, { branch: 'repair' })).toEqual({ snapshotId, outcome: 'committed' });
    expect(await fastForward(context, plots, { branch: 'repair' })).toEqual({
      snapshotId,
      outcome: 'already committed',
    });
    expect(await pathsAt(context)).toEqual(['a', 'b']);
    expect((await metadataOf(context)).snapshots).toHaveLength(2);
    await expectSoundTable((await context.catalog.loadTable(plots))!, context.warehouse);
  });

  it('is not published when main has moved: repeating its change there is, under the same commit id', async () => {
    const context = memoryLake();
    await append(context, 'a');
    await append(context, 'b', 'repair');
    await append(context, 'c');
    await expect(fastForward(context, plots, { branch: 'repair' })).rejects.toThrow(ConfigurationError);
    expect(await pathsAt(context)).toEqual(['a', 'c']);
    expect(await append(context, 'b')).toMatchObject({ outcome: 'committed' });
    expect(await append(context, 'b')).toMatchObject({ outcome: 'already committed' });
    expect(await pathsAt(context)).toEqual(['a', 'b', 'c']);
  });

  it('counts as committed on main once main has reached it', async () => {
    const context = memoryLake();
    await append(context, 'a');
    await append(context, 'b', 'repair');
    await fastForward(context, plots, { branch: 'repair' });
    expect(await append(context, 'b')).toMatchObject({ outcome: 'already committed' });
  });

  it('and main may be written at the same moment: both survive', async () => {
    const context = memoryLake();
    await append(context, 'a');
    await Promise.all([append(context, 'b', 'repair'), append(context, 'c'), append(context, 'd', 'repair')]);
    const { refs } = await metadataOf(context);
    expect(await pathsAt(context)).toEqual(['a', 'c']);
    expect((await pathsAt(context, refs['repair']!['snapshot-id'])).filter((path) => path !== 'c')).toEqual([
      'a',
      'b',
      'd',
    ]);
  });

  it('keeps its own retention when it moves', async () => {
    const context = memoryLake();
    const { snapshotId } = await append(context, 'a');
    await setReference(context, plots, {
      name: 'repair',
      kind: 'branch',
      snapshotId,
      maxAgeMs: 5,
      minSnapshotCount: 2,
    });
    await append(context, 'b', 'repair');
    expect((await metadataOf(context)).refs['repair']).toMatchObject({
      'max-ref-age-ms': 5,
      'min-snapshots-to-keep': 2,
    });
  });

  it('needs a name that every engine can write', async () => {
    await expect(append(memoryLake(), 'a', 'a b')).rejects.toThrow(FormatError);
  });
});

describe('a tag', () => {
  it('is set, moved and removed, each as often as asked', async () => {
    const context = memoryLake();
    const { snapshotId: first } = await append(context, 'a');
    const { snapshotId: second } = await append(context, 'b');
    for (const snapshotId of [first, first, second])
      await setReference(context, plots, { name: 'v1', kind: 'tag', snapshotId });
    expect((await metadataOf(context)).refs['v1']).toEqual({ type: 'tag', 'snapshot-id': second });
    await removeReference(context, plots, 'v1');
    await removeReference(context, plots, 'v1');
    expect(Object.keys((await metadataOf(context)).refs)).toEqual(['main']);
  });

  it('is refused as main, as a branch of that name, at an unknown snapshot and under an odd name', async () => {
    const context = memoryLake();
    const { snapshotId } = await append(context, 'a');
    await append(context, 'b', 'repair');
    const tag = (name: string, at = snapshotId) => setReference(context, plots, { name, kind: 'tag', snapshotId: at });
    await expect(tag('main')).rejects.toThrow(ConfigurationError);
    await expect(tag('repair')).rejects.toThrow(ConfigurationError);
    await expect(tag("v'1")).rejects.toThrow(ConfigurationError);
    await expect(tag('v1', 5n)).rejects.toThrow(NotFoundError);
    await expect(removeReference(context, plots, 'main')).rejects.toThrow(ConfigurationError);
  });

  it.each<[string, (context: PublishContext) => Catalog['commitTable']]>([
    [
      'took effect',
      ({ catalog }) =>
        async (table, commit) => {
          await catalog.commitTable(table, commit);
          throw new CommitStateUnknownError('Expected an answer, got none.');
        },
    ],
    [
      'was lost on the way',
      () => async () => {
        throw new CommitStateUnknownError('Expected an answer, got none.');
      },
    ],
    [
      'lost to another writer',
      () => async () => {
        throw new CommitConflictError('Expected to be first.');
      },
    ],
  ])('is there once after a commit that %s', async (_what, first) => {
    const healthy = memoryLake();
    const { snapshotId } = await append(healthy, 'a');
    const before = (await healthy.catalog.loadTable(plots))!.metadataLocation;
    await setReference(oncePer(healthy, first(healthy)), plots, { name: 'v1', kind: 'tag', snapshotId });
    const after = (await healthy.catalog.loadTable(plots))!;
    expect(after.metadata.refs['v1']).toEqual({ type: 'tag', 'snapshot-id': snapshotId });
    expect([before, after.metadataLocation].map((path) => path.match(/v(\d+)\./)![1])).toEqual(['2', '3']);
  });
});

describe('a replacement of files by files with the same rows', () => {
  it('says so, counts right, and keeps the age of the rows', async () => {
    const context = memoryLake(memoryObjectStore('lake'));
    for (const name of ['a', 'b', 'c']) await append(context, name);
    const removePaths = ['a', 'b'].map((name) => dataFile(context.warehouse, name).path);
    const addFiles = [dataFile(context.warehouse, 'ab', { rowCount: 20 })];
    await publish(context, plots, change('compact', { addFiles, removePaths, operation: 'replace' }));
    const table = (await context.catalog.loadTable(plots))!;
    const snapshot = currentSnapshot(table.metadata)!;
    expect(snapshot.summary).toMatchObject({
      operation: 'replace',
      'added-records': '20',
      'deleted-records': '20',
      'total-records': '30',
    });
    const reader = new ManifestReader(context.warehouse);
    const ages = new Map<string, bigint>();
    await reader.visitLive(await reader.manifestsOf(snapshot), (entries) => {
      for (const { file, sequenceNumber } of entries)
        ages.set(String(file['f100']).split('/').at(-1)!, sequenceNumber!);
      return false;
    });
    // Snapshots 1, 2 and 3 added a, b and c; the merged file is as old as the newest of its parts.
    expect(ages).toEqual(
      new Map([
        ['ab.parquet', 2n],
        ['c.parquet', 3n],
      ]),
    );
    await expectSoundTable(table, context.warehouse);
  });

  it('is refused without new files, and an append with removed ones', async () => {
    const context = memoryLake();
    await append(context, 'a');
    const removePaths = [dataFile(context.warehouse, 'a').path];
    await expect(publish(context, plots, change('x', { removePaths, operation: 'replace' }))).rejects.toThrow(
      FormatError,
    );
    await expect(publish(context, plots, change('x', { removePaths, operation: 'append' }))).rejects.toThrow(
      FormatError,
    );
  });

  it('loses to a writer that replaced one of its files', async () => {
    const context = memoryLake();
    for (const name of ['a', 'b']) await append(context, name);
    const [a, b] = ['a', 'b'].map((name) => dataFile(context.warehouse, name).path);
    await publish(context, plots, change('fix', { addFiles: [dataFile(context.warehouse, 'a2')], removePaths: [a!] }));
    const merged = change('compact', {
      addFiles: [dataFile(context.warehouse, 'ab')],
      removePaths: [a!, b!],
      operation: 'replace',
    });
    await expect(publish(context, plots, merged)).rejects.toThrow(NotFoundError);
    expect(await pathsAt(context)).toEqual(['a2', 'b']);
  });
});
