import { describe, expect, it } from 'vitest';
import { CommitConflictError } from '#core/errors.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { currentSnapshot } from '#core/formats/iceberg/table-metadata.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { compact } from '#core/maintenance/compact.ts';
import { filesOfGranule, fileWithoutGranule, fileWithoutRows } from '#core/maintenance/granule-files.ts';
import { planCompaction } from '#core/maintenance/plan-compaction.ts';
import { withFile } from '#core/maintenance/write-merged-file.ts';
import { type Row, stageRows } from '#core/pipeline/stage-table.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import { goldPlotIndex, refPlots, silverReflectance } from '#schemas/tables.ts';
import { expectSoundTable } from '../formats/iceberg/check-table.ts';
import { addPixels, addPlots, commit, livePaths, maintainedLake, plotRow, rowsOf } from './maintained-lake.ts';

describe('compacting small files', () => {
  it('gives the file that writing all rows at once would have given', async () => {
    const lake = maintainedLake();
    for (const cube of ['c2', 'c1', 'c3']) await addPlots(lake, cube);
    const before = await rowsOf(lake, goldPlotIndex);
    expect(await compact(lake, goldPlotIndex)).toMatchObject({
      replacedCount: 3,
      writtenCount: 1,
      lostCount: 0,
      notes: [],
    });
    expect(await rowsOf(lake, goldPlotIndex)).toEqual(before);
    const table = (await lake.catalog.loadTable(goldPlotIndex))!;
    const { files } = await planScan(table, lake.warehouse);
    const rows: Row[] = ['c1', 'c2', 'c3'].flatMap((cube) => [0, 1, 2].map((plot) => plotRow(cube, plot)));
    const atOnce = await stageRows(lake.warehouse, goldPlotIndex, files[0]!.partition, 'at-once.parquet', rows);
    expect(files).toMatchObject([{ ...atOnce, path: files[0]!.path }]);
    const bytes = async (path: string) => (await lake.warehouse.get(keyOf(lake.warehouse, path))).bytes;
    expect(await bytes(files[0]!.path)).toEqual(await bytes(atOnce.path));
    expect(currentSnapshot(table.metadata)!.summary).toMatchObject({ operation: 'replace', 'total-records': '9' });
    await expectSoundTable(table, lake.warehouse);
  });

  it('keeps partitions apart, and is done after one run', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a1');
    await addPlots(lake, 'a2');
    await addPlots(lake, 'b1', 3, '2026-05-02');
    await addPlots(lake, 'b2', 3, '2026-05-02');
    await addPlots(lake, 'c1', 3, '2026-05-03');
    const { snapshotIds } = await compact(lake, goldPlotIndex);
    expect(snapshotIds).toHaveLength(1);
    expect(await livePaths(lake, goldPlotIndex)).toHaveLength(3);
    expect((await planCompaction(lake, goldPlotIndex)).groups).toEqual([]);
    expect(await compact(lake, goldPlotIndex)).toMatchObject({ replacedCount: 0, snapshotIds: [] });
  });

  it('does it again after a rollback took it back', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a1');
    await addPlots(lake, 'a2');
    const before = (await lake.catalog.loadTable(goldPlotIndex))!.metadata['current-snapshot-id']!;
    await compact(lake, goldPlotIndex);
    await rollbackTable(lake.catalog, goldPlotIndex, before);
    expect(await livePaths(lake, goldPlotIndex)).toHaveLength(2);
    expect(await compact(lake, goldPlotIndex)).toMatchObject({ writtenCount: 1 });
    expect(await livePaths(lake, goldPlotIndex)).toHaveLength(1);
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(6);
  });

  it('leaves tables alone whose files are replaced by name', async () => {
    const lake = maintainedLake();
    await commit(lake, refPlots, 'none', []);
    const plan = await planCompaction(lake, refPlots);
    expect(plan).toMatchObject({ groups: [], notes: [expect.stringMatching(/ref\.plots/)] });
  });
});

describe('compacting pixels', () => {
  it('copies whole row groups byte for byte, ordered by cell, and says which granule lies where', async () => {
    const lake = maintainedLake();
    const far = await addPixels(lake, 'far', { cell: 900_000 });
    const near = await addPixels(lake, 'near', { cell: 100 });
    const before = await rowsOf(lake, silverReflectance);
    await compact(lake, silverReflectance);
    const { files } = await planScan((await lake.catalog.loadTable(silverReflectance))!, lake.warehouse);
    expect(files).toHaveLength(1);
    const [merged] = files;
    const groupBytes = (file: { path: string }) =>
      withFile(lake.warehouse, file, async (source, footer) => {
        const out: string[] = [];
        for (const group of footer.rowGroups) {
          const bytes = new Uint8Array(group.sizeBytes);
          await source.readInto(group.startBytes, bytes);
          out.push(Buffer.from(bytes).toString('base64'));
        }
        return { bytes: out, granules: footer.keyValues['cubelake.granules'] };
      });
    const [whole, first, second] = [await groupBytes(merged!), await groupBytes(near), await groupBytes(far)];
    expect(whole.bytes).toEqual([...first.bytes, ...second.bytes]);
    expect(JSON.parse(whole.granules!)).toEqual([
      { cube_id: 'near', processing_id: 'p-near', row_group_start: 0, row_group_end: 2 },
      { cube_id: 'far', processing_id: 'p-far', row_group_start: 2, row_group_end: 4 },
    ]);
    expect(await rowsOf(lake, silverReflectance)).toEqual(before);
    expect(merged).toMatchObject({ recordCount: 40_000, valueCounts: { 4: 40_000 }, nullValueCounts: { 6: 40_000 } });
    expect(Buffer.from(merged!.lowerBounds[14]!, 'base64').readBigInt64LE()).toBe(100n);
    expect(Buffer.from(merged!.upperBounds[14]!, 'base64').readBigInt64LE()).toBe(919_999n);
    expect(Buffer.from(merged!.lowerBounds[3]!, 'base64').readBigInt64LE()).toBe(1_777_777_777_123_456n);
    expect(merged!.lowerBounds['15500']).toBeUndefined();
  });

  it('decodes and sorts short row groups, without losing a microsecond or a band value', async () => {
    const lake = maintainedLake();
    await addPixels(lake, 'b', { rowsPerGroup: 300, cell: 50 });
    await addPixels(lake, 'a', { rowsPerGroup: 300, cell: 0 });
    const before = await rowsOf(lake, silverReflectance);
    expect(await compact(lake, silverReflectance)).toMatchObject({ writtenCount: 1 });
    expect(await rowsOf(lake, silverReflectance)).toEqual(before);
    const { files } = await planScan((await lake.catalog.loadTable(silverReflectance))!, lake.warehouse);
    expect(files[0]).toMatchObject({ recordCount: 1200, splitOffsets: [4] });
    expect(Buffer.from(files[0]!.lowerBounds[3]!, 'base64').readBigInt64LE()).toBe(1_777_777_777_123_456n);
  });

  it('does not mix sensors with other columns', async () => {
    const lake = maintainedLake();
    await addPixels(lake, 'a');
    await addPixels(lake, 'b', { wavelengthNm: [500] });
    expect((await planCompaction(lake, silverReflectance)).groups).toEqual([]);
  });

  it('fills files up to the target', async () => {
    const lake = maintainedLake();
    for (const cube of ['a', 'b', 'c', 'd']) await addPixels(lake, cube, { groupCount: 1 });
    const [path] = await livePaths(lake, silverReflectance);
    const sizeBytes = (await lake.warehouse.head(keyOf(lake.warehouse, path!)))!.sizeBytes;
    const { groups } = await planCompaction(lake, silverReflectance, { fileBytesTarget: 2.5 * sizeBytes });
    expect(groups.map((group) => group.files.length)).toEqual([2, 2]);
  });
});

describe('compacting beside other writers', () => {
  /** A lake whose next commit to the table is preceded by what another writer does. */
  function meeting(lake: ReturnType<typeof maintainedLake>, other: () => Promise<unknown>) {
    const catalog = Object.create(lake.catalog) as Catalog;
    let isFirst = true;
    catalog.loadTable = (table) => lake.catalog.loadTable(table);
    catalog.commitTable = async (table, wanted) => {
      if (isFirst) {
        isFirst = false;
        await other();
      }
      return lake.catalog.commitTable(table, wanted);
    };
    return { ...lake, catalog };
  }

  it('keeps what is appended meanwhile', async () => {
    const lake = maintainedLake();
    for (const cube of ['a', 'b']) await addPlots(lake, cube);
    const busy = meeting(lake, () => addPlots(lake, 'c'));
    expect(await compact(busy, goldPlotIndex)).toMatchObject({ replacedCount: 2, lostCount: 0 });
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(9);
    expect(await livePaths(lake, goldPlotIndex)).toHaveLength(2);
    await expectSoundTable((await lake.catalog.loadTable(goldPlotIndex))!, lake.warehouse);
  });

  it('loses to the replacement of a file that it merges, and plans again', async () => {
    const lake = maintainedLake();
    const [a] = [await addPlots(lake, 'a'), await addPlots(lake, 'b'), await addPlots(lake, 'c')];
    const corrected = await stageRows(lake.warehouse, goldPlotIndex, a.partition, 'a2.parquet', [
      plotRow('a', 7, 'p-new'),
    ]);
    const busy = meeting(lake, () => commit(lake, goldPlotIndex, 'fix', [corrected], { removePaths: [a.path] }));
    expect(await compact(busy, goldPlotIndex)).toMatchObject({ replacedCount: 3, writtenCount: 1, lostCount: 1 });
    const rows = await rowsOf(lake, goldPlotIndex);
    expect(rows).toHaveLength(7);
    expect(rows.filter((row) => row.includes('"a"'))).toEqual([expect.stringContaining('p-new')]);
  });

  it('gives way to a rollback with one conflict', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    const first = (await lake.catalog.loadTable(goldPlotIndex))!.metadata['current-snapshot-id']!;
    await addPlots(lake, 'b');
    const busy = meeting(lake, () => rollbackTable(lake.catalog, goldPlotIndex, first));
    await compact(busy, goldPlotIndex);
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(3);
    const stale = await lake.catalog.loadTable(goldPlotIndex);
    const update = { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': first } as const;
    const requirement = { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': first + 1n } as const;
    await expect(
      lake.catalog.commitTable(stale!.identifier, { requirements: [requirement], updates: [update] }),
    ).rejects.toThrow(CommitConflictError);
  });
});

describe('a granule in a compacted file', () => {
  const granule = (cubeId: string) => ({ cubeId, processingId: `p-${cubeId}` });

  it('is found there, and left out without touching the row groups of the others', async () => {
    const lake = maintainedLake();
    for (const cube of ['a', 'b', 'c']) await addPixels(lake, cube, { groupCount: 1 });
    await compact(lake, silverReflectance);
    const [found] = await filesOfGranule(lake, silverReflectance, granule('b'));
    expect(found).toMatchObject({ isWhole: false, file: { recordCount: 30_000 } });
    expect(await filesOfGranule(lake, silverReflectance, granule('bb'))).toEqual([]);
    const rest = await fileWithoutGranule(lake, silverReflectance, found!.file, granule('b'));
    const byProcessing = await fileWithoutRows(lake, silverReflectance, found!.file, {
      processingIds: new Set(['p-b', 'p-c', 'p-none']),
    });
    expect(byProcessing).toMatchObject({ recordCount: 10_000 });
    await commit(lake, silverReflectance, 'cut', [rest!], { removePaths: [found!.file.path] });
    const rows = await rowsOf(lake, silverReflectance);
    expect(rows).toHaveLength(20_000);
    expect(rows.some((row) => row.includes('"b"'))).toBe(false);
    expect(await filesOfGranule(lake, silverReflectance, granule('b'))).toEqual([]);
  });

  it('is cut out of mixed row groups too, and a file of nothing else goes whole', async () => {
    const lake = maintainedLake();
    const [a] = [await addPlots(lake, 'a'), await addPlots(lake, 'b')];
    expect(await filesOfGranule(lake, goldPlotIndex, granule('a'))).toMatchObject([{ file: a, isWhole: true }]);
    expect(await fileWithoutGranule(lake, goldPlotIndex, a, granule('a'))).toBeNull();
    await compact(lake, goldPlotIndex);
    const [found] = await filesOfGranule(lake, goldPlotIndex, granule('a'));
    const rest = await fileWithoutGranule(lake, goldPlotIndex, found!.file, granule('a'));
    const { bytes } = await lake.warehouse.get(keyOf(lake.warehouse, rest!.path));
    const alone = await stageRows(
      lake.warehouse,
      goldPlotIndex,
      a.partition,
      'alone.parquet',
      [0, 1, 2].map((plot) => plotRow('b', plot)),
    );
    expect(rest).toMatchObject({ recordCount: 3, lowerBounds: alone.lowerBounds, upperBounds: alone.upperBounds });
    expect(bytes.length).toBeGreaterThan(alone.fileSizeBytes);
  });
});

it('a footer says what a file holds even where another program reads it', () => {
  const { facts } = encodeParquet(goldPlotIndex.columns.slice(0, 1), [{ kind: 'constant', value: 'x' }], 1);
  const footer = Buffer.from(facts.footer({ 'cubelake.granules': '[]' }));
  expect(footer.includes('cubelake.granules')).toBe(true);
});
