import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { contentHash } from '#core/pipeline/content-hash.ts';
import { tryWriteRecord, writeRecord } from '#core/pipeline/ledger.ts';
import { type Row, stagedTable, stageRows } from '#core/pipeline/stage-table.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { publishTable, touchedPartitions } from '#core/pipeline/table-changes.ts';
import type { SettlementPlan } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';

export const cloudPixelCount = 2;

const common = (cubeId: string, processingId: string): Row => ({
  farm_id: 'farm-a',
  acquisition_date: 20_635,
  cube_id: cubeId,
  processing_id: processingId,
});

/** A settlement as core/pipeline/settle.ts orders it: hold, plan, tables, state, marker. Again after a crash, it goes on. */
export async function settleGranule(
  context: PublishContext,
  granuleKey: string,
  { hasPlots, fails }: { hasPlots: boolean; fails: boolean },
): Promise<void> {
  const { warehouse } = context;
  const access = tableAccess(context);
  const cubeId = granuleKey.slice(granuleKey.lastIndexOf('/') + 1);
  const manifestId = contentHash(['manifest', granuleKey]);
  const processingId = contentHash(['cloud', granuleKey]);
  const partition = { farm_id: 'farm-a', acquisition_date_day: 20_635 };
  const pixels = Array.from({ length: cloudPixelCount }, (_, line) => ({
    ...common(cubeId, processingId),
    origin: 'cloud',
    line,
    sample: 0,
    quality: 0,
    pixel_count: 1,
  }));
  const plots = [
    { plot_id: 'p1', spectral_index: 'ndvi', pixel_count: 2, valid_count: 2, valid_fraction: 1, mean: 0.5, sd: 0 },
  ].map((row) => ({ ...common(cubeId, processingId), ...row }));
  const name = `${processingId}.parquet`;
  const tables = [
    stagedTable(silverReflectance, [await stageRows(warehouse, silverReflectance, partition, name, pixels)]),
    ...(hasPlots
      ? [stagedTable(goldPlotIndex, [await stageRows(warehouse, goldPlotIndex, partition, name, plots)])]
      : []),
  ];
  const parts = [{ key: `${granuleKey}.bil`, etag: 'e', size_bytes: 1 }];
  const granule = { payload: 'cube', granule_key: granuleKey, granule_version_id: '0'.repeat(32), parts };
  const plan: SettlementPlan = {
    manifest_id: manifestId,
    granules: [
      fails
        ? { verdict: 'failed', granule, state_etag: null, error: 'E', reason: 'r', disposition: 'quarantine' }
        : {
            verdict: 'complete',
            granule,
            state_etag: null,
            processing_id: processingId,
            tables,
            earlier_ids: [],
            report: {},
          },
    ],
  };
  await tryWriteRecord(warehouse, controlKeys.hold(granuleKey), { manifest_id: manifestId }, { ifNoneMatch: '*' });
  await tryWriteRecord(warehouse, controlKeys.settlementPlan(manifestId), plan, { ifNoneMatch: '*' });
  if (!fails) {
    const changed: string[] = [];
    for (const table of [silverReflectance, goldPlotIndex])
      if ((await publishTable(access, table, plan, undefined)) !== null) changed.push(tableName(table));
    await access.afterCommit(touchedPartitions(plan, changed));
    const state = { ...granule, processing_id: processingId, manifest_id: manifestId };
    await writeRecord(warehouse, controlKeys.granule(granuleKey), state);
  }
  const counts = { complete_count: 1, failed_count: 0, superseded_count: 0, snapshots: {} };
  await tryWriteRecord(
    warehouse,
    controlKeys.settlement(manifestId),
    { manifest_id: manifestId, ...counts },
    { ifNoneMatch: '*' },
  );
}
