import { describe, expect, it } from 'vitest';
import { CommitStateUnknownError, NotFoundError } from '#core/errors.ts';
import { removeReference, setReference } from '#core/formats/iceberg/references.ts';
import { commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { compact } from '#core/maintenance/compact.ts';
import { expireSnapshots, planTableExpiry } from '#core/maintenance/expire-snapshots.ts';
import { shortHash } from '#core/pipeline/granule-version.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import { addPlots, commit, dayMs, keysOf, type MaintainedLake, maintainedLake, rowsOf } from './maintained-lake.ts';

const options = { maxAgeMs: 30 * dayMs, minSnapshotCount: 1 };

async function metadataOf(lake: MaintainedLake) {
  return (await lake.catalog.loadTable(goldPlotIndex))!.metadata;
}

async function commitIds(lake: MaintainedLake): Promise<(string | undefined)[]> {
  return (await metadataOf(lake)).snapshots.map((snapshot) => snapshot.summary[commitIdKey]);
}

/** Three cubes and the compaction of them, a day apart; then a long time passes. */
async function agedLake(): Promise<MaintainedLake> {
  const lake = maintainedLake();
  for (const cube of ['a', 'b', 'c']) {
    await addPlots(lake, cube);
    lake.nowMs += dayMs;
  }
  await compact(lake, goldPlotIndex);
  return lake;
}

describe('expiring snapshots', () => {
  it('keeps young ones and the newest, and says beforehand what would go', async () => {
    const lake = await agedLake();
    expect((await planTableExpiry(lake, goldPlotIndex, options)).snapshotIds).toEqual([]);
    lake.nowMs += 29 * dayMs;
    const plan = await planTableExpiry(lake, goldPlotIndex, options);
    const before = await commitIds(lake);
    expect(plan).toMatchObject({ keptCount: 2, referenceNames: [] });
    const report = await expireSnapshots(lake, goldPlotIndex, options);
    expect(report.snapshotIds).toEqual(plan.snapshotIds);
    expect(await commitIds(lake)).toEqual(before.slice(2));
    lake.nowMs += 1000 * dayMs;
    await expireSnapshots(lake, goldPlotIndex, options);
    expect(await commitIds(lake)).toEqual(before.slice(3));
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(9);
  });

  it('removes exactly the files that only they named', async () => {
    const lake = await agedLake();
    lake.nowMs += 100 * dayMs;
    const dataFiles = async () =>
      (await keysOf(lake)).filter((key) => key.endsWith('.parquet')).map((key) => key.split('/').at(-1));
    expect(await dataFiles()).toHaveLength(4);
    await expireSnapshots(lake, goldPlotIndex, options);
    expect(await dataFiles()).toEqual([expect.stringMatching(/^compacted-/)]);
    const avro = (await keysOf(lake)).filter((key) => key.endsWith('.avro'));
    // One manifest list, the manifest of the compacted file and those that say what it replaced.
    expect(avro.filter((key) => key.includes('/snap-'))).toHaveLength(1);
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(9);
    expect((await expireSnapshots(lake, goldPlotIndex, options)).removedKeys).toEqual([]);
  });

  it('keeps a minimum count, however old', async () => {
    const lake = await agedLake();
    lake.nowMs += 100 * dayMs;
    const { keptCount } = await expireSnapshots(lake, goldPlotIndex, { ...options, minSnapshotCount: 3 });
    expect(keptCount).toBe(3);
  });

  it('keeps what a tag and a branch name, until their own time is over', async () => {
    const lake = await agedLake();
    const [first, second] = (await metadataOf(lake)).snapshots.map((snapshot) => snapshot['snapshot-id']);
    await setReference(lake, goldPlotIndex, { name: 'paper', kind: 'tag', snapshotId: first! });
    await setReference(lake, goldPlotIndex, {
      name: 'trial',
      kind: 'branch',
      snapshotId: second!,
      maxAgeMs: 60 * dayMs,
    });
    lake.nowMs += 50 * dayMs;
    const { referenceNames } = await expireSnapshots(lake, goldPlotIndex, options);
    expect(referenceNames).toEqual([]);
    expect(await rowsOf(lake, goldPlotIndex, first)).toHaveLength(3);
    expect(await rowsOf(lake, goldPlotIndex, second)).toHaveLength(6);
    lake.nowMs += 50 * dayMs;
    await expireSnapshots(lake, goldPlotIndex, options);
    expect(Object.keys((await metadataOf(lake)).refs).sort()).toEqual(['main', 'paper']);
    expect(await rowsOf(lake, goldPlotIndex, first)).toHaveLength(3);
    await expect(rowsOf(lake, goldPlotIndex, second)).rejects.toThrow(NotFoundError);
    await removeReference(lake, goldPlotIndex, 'paper');
    await expireSnapshots(lake, goldPlotIndex, options);
    expect((await metadataOf(lake)).snapshots).toHaveLength(1);
  });

  it('keeps the last offsets of every stream, also on a snapshot that was rolled back', async () => {
    const lake = maintainedLake();
    const base = await commit(lake, goldPlotIndex, 'base', []);
    for (const [name, offset] of [
      ['o1', '5'],
      ['o2', '9'],
    ] as const)
      await commit(lake, goldPlotIndex, name, [], { summary: { 'cubelake.ingest.offsets': offset } });
    await rollbackTable(lake.catalog, goldPlotIndex, base);
    lake.nowMs += 1000 * dayMs;
    await commit(lake, goldPlotIndex, 'now', []);
    await expireSnapshots(lake, goldPlotIndex, options);
    expect((await commitIds(lake)).sort()).toEqual(['now', 'o2']);
  });

  it('keeps commits that an unfinished settlement may repeat', async () => {
    const lake = maintainedLake();
    const commitId = shortHash(`m1:${tableName(goldPlotIndex)}`);
    await commit(lake, goldPlotIndex, commitId, []);
    await lake.warehouse.put(controlKeys.manifest('m1'), Buffer.from('{}'));
    lake.nowMs += 1000 * dayMs;
    await commit(lake, goldPlotIndex, 'now', []);
    await expireSnapshots(lake, goldPlotIndex, options);
    expect(await commitIds(lake)).toEqual([commitId, 'now']);
    await lake.warehouse.put(controlKeys.settlement('m1'), Buffer.from('{}'));
    await expireSnapshots(lake, goldPlotIndex, options);
    expect(await commitIds(lake)).toEqual(['now']);
  });

  it('removes no file after a commit that stayed unknown', async () => {
    const lake = await agedLake();
    lake.nowMs += 100 * dayMs;
    const before = await keysOf(lake);
    const catalog = Object.create(lake.catalog) as Catalog;
    catalog.loadTable = (table) => lake.catalog.loadTable(table);
    catalog.commitTable = async () => {
      throw new CommitStateUnknownError('Expected an answer, got none.');
    };
    await expect(expireSnapshots({ ...lake, catalog }, goldPlotIndex, options)).rejects.toThrow(
      CommitStateUnknownError,
    );
    expect(await keysOf(lake)).toEqual(before);
  });

  it('goes on after an unknown commit that turns out to have happened', async () => {
    const lake = await agedLake();
    lake.nowMs += 100 * dayMs;
    const catalog = Object.create(lake.catalog) as Catalog;
    catalog.loadTable = (table) => lake.catalog.loadTable(table);
    catalog.commitTable = async (table, wanted) => {
      await lake.catalog.commitTable(table, wanted);
      throw new CommitStateUnknownError('Expected an answer, got none.');
    };
    const { snapshotIds, removedKeys } = await expireSnapshots({ ...lake, catalog }, goldPlotIndex, options);
    expect(snapshotIds).toHaveLength(3);
    expect(removedKeys.filter((key) => key.endsWith('.parquet'))).toHaveLength(3);
  });

  it('leaves a file that a repeated job has just written again', async () => {
    const lake = maintainedLake();
    const file = await addPlots(lake, 'a');
    await commit(lake, goldPlotIndex, 'gone', [], { removePaths: [file.path] });
    lake.nowMs += 100 * dayMs;
    const key = keyOf(lake.warehouse, file.path);
    await lake.warehouse.put(key, (await lake.warehouse.get(key)).bytes);
    await expireSnapshots(lake, goldPlotIndex, options);
    expect(await lake.warehouse.head(key)).not.toBeNull();
    await commit(lake, goldPlotIndex, 'again', [file]);
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(3);
  });

  it('gives way to a tag that somebody sets at the same moment', async () => {
    const lake = await agedLake();
    lake.nowMs += 100 * dayMs;
    const [first] = (await metadataOf(lake)).snapshots.map((snapshot) => snapshot['snapshot-id']);
    const catalog = Object.create(lake.catalog) as Catalog;
    let isFirst = true;
    catalog.loadTable = (table) => lake.catalog.loadTable(table);
    catalog.commitTable = async (table, wanted) => {
      if (isFirst) await setReference(lake, goldPlotIndex, { name: 'paper', kind: 'tag', snapshotId: first! });
      isFirst = false;
      return lake.catalog.commitTable(table, wanted);
    };
    const { snapshotIds } = await expireSnapshots({ ...lake, catalog }, goldPlotIndex, options);
    expect(snapshotIds).toHaveLength(2);
    expect(await rowsOf(lake, goldPlotIndex, first)).toHaveLength(3);
  });
});
