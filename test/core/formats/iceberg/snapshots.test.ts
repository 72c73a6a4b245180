import { describe, expect, it } from 'vitest';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { rollbackTable, snapshotAt, snapshots } from '#core/formats/iceberg/snapshots.ts';
import { change, dataFile, memoryLake, plots } from './small-table.ts';

async function history() {
  const context = memoryLake();
  const ids: bigint[] = [];
  for (const name of ['a', 'b', 'c'])
    ids.push(
      (await publish(context, plots, change(name, { addFiles: [dataFile(context.warehouse, name)] }))).snapshotId,
    );
  const load = async () => (await context.catalog.loadTable(plots))!;
  return { context, ids, load };
}

describe('snapshots of a table', () => {
  it('are listed newest first with their commits', async () => {
    const { ids, load } = await history();
    expect(snapshots((await load()).metadata)).toMatchObject([
      { snapshotId: ids[2], parentSnapshotId: ids[1], commitId: 'c', operation: 'append', isCurrent: true },
      { snapshotId: ids[1], sequenceNumber: 2n, isCurrent: false, isAncestor: true },
      { snapshotId: ids[0], parentSnapshotId: null },
    ]);
  });

  it('can be rolled back to; the commits stay known, and new ones go on', async () => {
    const { context, ids, load } = await history();
    await rollbackTable(context.catalog, plots, ids[0]!);
    const lines = snapshots((await load()).metadata);
    expect(lines.map((line) => [line.isCurrent, line.isAncestor])).toEqual([
      [false, false],
      [false, false],
      [true, true],
    ]);
    const again = change('b', { addFiles: [dataFile(context.warehouse, 'b')] });
    expect(await publish(context, plots, again)).toMatchObject({ outcome: 'already committed', snapshotId: ids[1] });
    await publish(context, plots, change('d', { addFiles: [dataFile(context.warehouse, 'd')] }));
    const table = await load();
    const { files } = await planScan(table, context.warehouse);
    expect(files.map((file) => file.path.at(-9)).toSorted()).toEqual(['a', 'd']);
    expect(table.metadata.snapshots.at(-1)!.summary['total-records']).toBe('20');
    expect(table.metadata['last-sequence-number']).toBe(4n);
  });

  it('and rollbacks have each a moment of their own, though all clocks stand still', async () => {
    const context = memoryLake();
    const still = { nowMs: () => 1000, newUuid: () => '00000000-0000-4000-8000-000000000000' };
    const lake = {
      ...context,
      clock: { ...context.clock, nowMs: () => 1000 },
      catalog: pointerCatalog(context.warehouse, still),
    };
    const append = (name: string) => publish(lake, plots, change(name, { addFiles: [dataFile(lake.warehouse, name)] }));
    const { snapshotId } = await append('a');
    await append('b');
    await rollbackTable(lake.catalog, plots, snapshotId);
    await append('c');
    const { metadata } = (await lake.catalog.loadTable(plots))!;
    const times = metadata['snapshot-log'].map((entry) => entry['timestamp-ms']);
    expect(times).toHaveLength(4);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    expect(metadata['last-updated-ms']).toBe(times.at(-1));
  });

  it('are found by the time that readers saw them, rollbacks included', async () => {
    const { context, ids, load } = await history();
    const times = (await load()).metadata['snapshot-log'].map((entry) => entry['timestamp-ms']);
    const back = (await rollbackTable(context.catalog, plots, ids[0]!)).metadata;
    expect(snapshotAt(back, times[0]! - 1)).toBeNull();
    expect(snapshotAt(back, times[1]!)!['snapshot-id']).toBe(ids[1]);
    expect(snapshotAt(back, times[2]! + 60_000)!['snapshot-id']).toBe(ids[0]);
  });

  it('that are not ancestors, or not there, are no place to roll back to', async () => {
    const { context, ids } = await history();
    await rollbackTable(context.catalog, plots, ids[0]!);
    await expect(rollbackTable(context.catalog, plots, ids[2]!)).rejects.toThrow(ConfigurationError);
    await expect(rollbackTable(context.catalog, plots, 1n)).rejects.toThrow(NotFoundError);
    await expect(rollbackTable(context.catalog, { namespace: 'gold', name: 'none' }, 1n)).rejects.toThrow(
      NotFoundError,
    );
  });
});
