// A table that was taken back between a settler's look and its commit showed a granule twice: the rows that the rollback brought
// back, and beside them the new ones, because nobody had told the commit to take the old ones out.
import { expect, it } from 'vitest';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { compact } from '#core/maintenance/compact.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { stageRows } from '#core/pipeline/stage-table.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { publishTable } from '#core/pipeline/table-changes.ts';
import type { SettlementPlan } from '#schemas/ledger.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import {
  addPlots,
  commit,
  livePaths,
  type MaintainedLake,
  maintainedLake,
  plotRow,
  rowsOf,
} from '../maintenance/maintained-lake.ts';

/** Settles cube `a` as processed anew; what was live of its first processing gives way. */
async function planOf(lake: MaintainedLake): Promise<SettlementPlan> {
  const partition = { farm_id: 'knox', acquisition_date_day: Number(plotRow('a', 0)['acquisition_date']) };
  const rows = [plotRow('a', 0, 'p-new'), plotRow('a', 1, 'p-new')];
  const file = await stageRows(lake.warehouse, goldPlotIndex, partition, 'p-new.parquet', rows);
  return {
    manifest_id: 'm2',
    granules: [
      {
        verdict: 'complete',
        granule: {
          payload: 'cube',
          granule_key: 'raw_cubes/midwest/knox/2026/05/01/a',
          granule_version_id: 'v2',
          parts: [],
        },
        state_etag: null,
        processing_id: 'p-new',
        tables: [
          {
            table: 'gold.plot_index',
            extra_columns: [],
            data_files: [{ ...file, splitOffsets: [...file.splitOffsets] }],
          },
        ],
        earlier_ids: ['p-a'],
        report: {},
      },
    ],
  };
}

function settling(lake: MaintainedLake, beforeFirstPublish: () => Promise<unknown>): SettleContext {
  const access = tableAccess(lake);
  let isFirst = true;
  const publish: SettleContext['publish'] = async (table, change) => {
    if (isFirst) {
      isFirst = false;
      await beforeFirstPublish();
    }
    return access.publish(table, change);
  };
  return { ...access, publish } as SettleContext;
}

it('a table that is taken back between look and commit is looked at again', async () => {
  const lake = maintainedLake();
  const old = await addPlots(lake, 'a');
  const snapshotId = (await lake.catalog.loadTable(goldPlotIndex))!.metadata['current-snapshot-id']!;
  // Somebody takes the rows out, the settler sees none of them, and the rows come back before it commits.
  await commit(lake, goldPlotIndex, 'without a', [], { removePaths: [old.path] });
  const plan = await planOf(lake);
  await publishTable(
    settling(lake, () => rollbackTable(lake.catalog, goldPlotIndex, snapshotId)),
    goldPlotIndex,
    plan,
    undefined,
  );
  expect(await livePaths(lake, goldPlotIndex)).toEqual([expect.stringContaining('p-new')]);
  expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(2);
});

it('a compaction between look and commit is looked at again too', async () => {
  const lake = maintainedLake();
  await addPlots(lake, 'a');
  await addPlots(lake, 'b');
  const plan = await planOf(lake);
  await publishTable(
    settling(lake, () => compact(lake, goldPlotIndex)),
    goldPlotIndex,
    plan,
    undefined,
  );
  // Three rows of b, and two of a as processed anew.
  expect(await rowsOf(lake, goldPlotIndex)).toHaveLength(5);
});
