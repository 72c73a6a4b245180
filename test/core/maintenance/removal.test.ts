import { describe, expect, it } from 'vitest';
import { NotFoundError } from '#core/errors.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { keyOf, tableKey } from '#core/formats/iceberg/table-location.ts';
import { currentSnapshot } from '#core/formats/iceberg/table-metadata.ts';
import { pendingCommits } from '#core/maintenance/pending-commits.ts';
import { planOldMetadataRemoval, removeOldMetadata } from '#core/maintenance/remove-old-metadata.ts';
import { planOrphanRemoval, removeOrphans } from '#core/maintenance/remove-orphans.ts';
import { planManifestRewrite, rewriteManifests } from '#core/maintenance/rewrite-manifests.ts';
import { shortHash } from '#core/pipeline/granule-version.ts';
import { publicationOf } from '#core/pipeline/replace/publication-of.ts';
import { stageRows } from '#core/pipeline/stage-table.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { replacementSchema } from '#schemas/replacement.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import { expectSoundTable } from '../formats/iceberg/check-table.ts';
import {
  addPlots,
  commit,
  dayMs,
  keysOf,
  type MaintainedLake,
  maintainedLake,
  plotRow,
  rowsOf,
} from './maintained-lake.ts';

const partition = { farm_id: 'knox', acquisition_date_day: 20_574 };

function stage(lake: MaintainedLake, name: string) {
  return stageRows(lake.warehouse, goldPlotIndex, partition, `${name}.parquet`, [plotRow(name, 1)]);
}

describe('orphans', () => {
  it('are old files under the table that nothing names; the plan removes none', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    const lost = await stage(lake, 'lost');
    await lake.warehouse.put(`${tableKey(goldPlotIndex)}/metadata/lost-m0.avro`, Buffer.from('x'));
    await lake.warehouse.put('tables/gold/plot_index_2/data/other.parquet', Buffer.from('x'));
    await lake.warehouse.put('bronze/knox/x.zarr/c/0', Buffer.from('x'));
    lake.nowMs += 3 * dayMs;
    const young = await stage(lake, 'young');
    const before = await keysOf(lake);
    const plan = await planOrphanRemoval(lake, goldPlotIndex);
    expect(plan.orphans.map(({ key }) => key)).toEqual([
      keyOf(lake.warehouse, lost.path),
      `${tableKey(goldPlotIndex)}/metadata/lost-m0.avro`,
    ]);
    expect(plan.sizeBytes).toBe(lost.fileSizeBytes + 1);
    expect(await keysOf(lake)).toEqual(before);
    expect(await removeOrphans(lake, goldPlotIndex, plan)).toHaveLength(2);
    expect(await keysOf(lake)).toContain(keyOf(lake.warehouse, young.path));
    expect(await lake.warehouse.head('bronze/knox/x.zarr/c/0')).not.toBeNull();
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(3);
    expect((await planOrphanRemoval(lake, goldPlotIndex)).orphans).toEqual([]);
  });

  it('are never younger than a day, whatever age is asked for', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    await stage(lake, 'lost');
    lake.nowMs += dayMs - 1;
    expect((await planOrphanRemoval(lake, goldPlotIndex, { minAgeMs: 0 })).orphans).toEqual([]);
    lake.nowMs += 1;
    expect((await planOrphanRemoval(lake, goldPlotIndex, { minAgeMs: 0 })).orphans).toHaveLength(1);
  });

  it('are not files that a job has staged and nobody has settled', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    const [staged, planned] = [await stage(lake, 'staged'), await stage(lake, 'planned')];
    await lake.warehouse.put(controlKeys.manifest('m1'), Buffer.from('{}'));
    await lake.warehouse.put(
      controlKeys.outcome('m1', 0),
      Buffer.from(JSON.stringify({ tables: [{ data_files: [staged] }] })),
    );
    await lake.warehouse.put(
      controlKeys.settlementPlan('m1'),
      Buffer.from(JSON.stringify({ any: [{ path: planned.path }] })),
    );
    lake.nowMs += 100 * dayMs;
    expect((await planOrphanRemoval(lake, goldPlotIndex)).orphans).toEqual([]);
    await lake.warehouse.put(controlKeys.settlement('m1'), Buffer.from('{}'));
    expect((await planOrphanRemoval(lake, goldPlotIndex)).orphans).toHaveLength(2);
  });

  it('are not files of a replacement that may still be published, though its jobs are settled and its branch is gone', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    const made = await stage(lake, 'made');
    const put = (key: string, value: unknown) => lake.warehouse.put(key, Buffer.from(JSON.stringify(value)));
    const part = { key: 'k.hdr', etag: 'e', size_bytes: 1 };
    const replacement = (state: string) => ({
      replacement_id: 'r1',
      branch: 'reprocess-r1',
      state,
      source: 'raw',
      granules: [
        {
          granule: { payload: 'cube', granule_key: 'k', granule_version_id: 'a'.repeat(32), parts: [part] },
          replaces: 'm0',
          earlier_ids: [],
        },
      ],
      manifest_ids: ['m1'],
    });
    await put(controlKeys.manifest('m1'), {});
    await put(controlKeys.outcome('m1', 0), { tables: [{ data_files: [made] }] });
    await put(controlKeys.settlement('m1'), {});
    lake.nowMs += 100 * dayMs;
    for (const state of ['open', 'publishing']) {
      await put(controlKeys.replacement('r1'), replacement(state));
      expect((await planOrphanRemoval(lake, goldPlotIndex)).orphans).toEqual([]);
      const { commitIds } = await pendingCommits(lake.warehouse);
      const publication = publicationOf(replacementSchema.parse(replacement(state))).manifest_id;
      expect(commitIds.has(shortHash(`${publication}:gold.plot_index`))).toBe(true);
    }
    await put(controlKeys.replacement('r1'), replacement('discarded'));
    expect((await planOrphanRemoval(lake, goldPlotIndex)).orphans).toHaveLength(1);
  });

  it('that a slow writer commits between plan and removal stay', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    const slow = await stage(lake, 'slow');
    lake.nowMs += 10 * dayMs;
    const plan = await planOrphanRemoval(lake, goldPlotIndex);
    expect(plan.orphans).toHaveLength(1);
    await commit(lake, goldPlotIndex, 'slow', [slow]);
    expect(await removeOrphans(lake, goldPlotIndex, plan)).toEqual([]);
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(4);
  });

  it('that were written anew between plan and removal stay', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    await stage(lake, 'again');
    lake.nowMs += 10 * dayMs;
    const plan = await planOrphanRemoval(lake, goldPlotIndex);
    await stage(lake, 'again');
    expect(await removeOrphans(lake, goldPlotIndex, plan)).toEqual([]);
  });

  it('are not known while a manifest cannot be read: nothing is removed', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    await stage(lake, 'lost');
    lake.nowMs += 10 * dayMs;
    const manifest = (await keysOf(lake)).find((key) => key.includes('-m0-'))!;
    await lake.warehouse.delete(manifest);
    await expect(planOrphanRemoval(lake, goldPlotIndex)).rejects.toThrow(NotFoundError);
  });
});

describe('old metadata files', () => {
  it('go when the log does not name them and they are a day old; the table stays readable and writable', async () => {
    const lake = maintainedLake();
    await addPlots(lake, 'a');
    await lake.catalog.commitTable(goldPlotIndex, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { 'write.metadata.previous-versions-max': '2' } }],
    });
    for (let index = 0; index < 6; index++) await commit(lake, goldPlotIndex, `c${index}`, []);
    const versions = async () =>
      (await keysOf(lake))
        .flatMap((key) => /v(\d+)\.metadata/.exec(key)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b);
    expect(await versions()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await planOldMetadataRemoval(lake, goldPlotIndex)).files).toEqual([]);
    lake.nowMs += dayMs;
    await commit(lake, goldPlotIndex, 'late', []);
    const plan = await planOldMetadataRemoval(lake, goldPlotIndex);
    await removeOldMetadata(lake, plan);
    expect(await versions()).toEqual([8, 9, 10]);
    await lake.warehouse.delete(`${tableKey(goldPlotIndex)}/metadata/version-hint.text`);
    await addPlots(lake, 'b');
    expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(6);
    await expectSoundTable((await lake.catalog.loadTable(goldPlotIndex))!, lake.warehouse);
  });
});

describe('rewriting manifests', () => {
  it('makes one of many in a snapshot that changes no data file, and is then done', async () => {
    const lake = maintainedLake();
    for (let index = 0; index < 12; index++)
      await addPlots(lake, `c${index}`, 1, `2026-05-${String(10 + (index % 4))}`);
    const table = async () => (await lake.catalog.loadTable(goldPlotIndex))!;
    const before = await planScan(await table(), lake.warehouse);
    const plan = await planManifestRewrite(lake, goldPlotIndex);
    // The ninth commit merges the manifests of the first eight; those of commits 9 to 12 stand beside it.
    expect(plan).toMatchObject({ manifestCount: 5, targetCount: 1, isWorthwhile: true });
    await rewriteManifests(lake, goldPlotIndex, plan);
    const after = await planScan(await table(), lake.warehouse);
    const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path).sort();
    expect(paths(after.files)).toEqual(paths(before.files));
    expect(after.manifestReadCount).toBe(1);
    const snapshot = currentSnapshot((await table()).metadata)!;
    expect(snapshot.summary).toMatchObject({ operation: 'replace', 'total-records': '12', 'total-data-files': '12' });
    const reader = new ManifestReader(lake.warehouse);
    const ages: bigint[] = [];
    await reader.visitLive(await reader.manifestsOf(snapshot), (entries) => {
      ages.push(...entries.map((entry) => entry.sequenceNumber!));
      return false;
    });
    expect(ages.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      Array.from({ length: 12 }, (_, index) => BigInt(index + 1)),
    );
    expect((await planManifestRewrite(lake, goldPlotIndex)).isWorthwhile).toBe(false);
    await expectSoundTable(await table(), lake.warehouse);
  });
});
