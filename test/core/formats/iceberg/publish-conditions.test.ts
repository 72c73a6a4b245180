import { describe, expect, it } from 'vitest';
import { FencedError, NotFoundError } from '#core/errors.ts';
import { publish, type TableChange } from '#core/formats/iceberg/publish.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { change, dataFile, memoryLake, plots } from './small-table.ts';

const property = 'cubelake.ingest.offsets';
const moved = (from: string | null, to: string): Pick<TableChange, 'properties'> => ({
  properties: { set: { [property]: to }, expected: { [property]: from } },
});

describe('a commit that sets a property', () => {
  it('is made only where the property is as expected, and outlives a rollback', async () => {
    const context = memoryLake();
    const add = (name: string) => ({ addFiles: [dataFile(context.warehouse, name)] });
    const first = await publish(context, plots, change('first', { ...add('a'), ...moved(null, '1') }));
    await expect(publish(context, plots, change('zombie', { ...add('b'), ...moved(null, '1') }))).rejects.toThrow(
      FencedError,
    );
    await publish(context, plots, change('second', { ...add('c'), ...moved('1', '2') }));
    await rollbackTable(context.catalog, plots, first.snapshotId);
    const { metadata } = (await context.catalog.loadTable(plots))!;
    expect(metadata.refs['main']!['snapshot-id']).toBe(first.snapshotId);
    expect(metadata.properties[property]).toBe('2');
  });

  it('meets a faster one in the catalog and is refused in its next attempt', async () => {
    const context = memoryLake();
    await publish(context, plots, change('first', moved(null, '1')));
    const commitTable = context.catalog.commitTable.bind(context.catalog);
    let isFirst = true;
    context.catalog.commitTable = async (...request) => {
      if (isFirst) {
        isFirst = false;
        await publish(context, plots, change('faster', moved('1', '2')));
      }
      return commitTable(...request);
    };
    await expect(publish(context, plots, change('slower', moved('1', '2')))).rejects.toThrow(FencedError);
  });
});

describe('a commit that looks again', () => {
  it('is refused when a snapshot since its look says that it matters, and not for another', async () => {
    const context = memoryLake();
    const base = await publish(context, plots, change('base', { addFiles: [dataFile(context.warehouse, 'a')] }));
    await publish(context, plots, change('other', { addFiles: [dataFile(context.warehouse, 'b')] }));
    const looked = { baseSnapshotId: base.snapshotId, lookAgainAfter: ['cubelake.manifest-id'] };
    await publish(context, plots, change('fine', { ...looked, addFiles: [dataFile(context.warehouse, 'c')] }));
    await publish(context, plots, change('settlement', { summary: { 'cubelake.manifest-id': 'm' } }));
    const late = change('late', { ...looked, addFiles: [dataFile(context.warehouse, 'd')] });
    await expect(publish(context, plots, late)).rejects.toThrow(NotFoundError);
    const unseen = change('unseen', { ...looked, baseSnapshotId: null });
    await expect(publish(context, plots, unseen)).rejects.toThrow(NotFoundError);
  });
});
