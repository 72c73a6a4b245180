// A table that was taken back between a settler's look and its commit showed a granule twice: the rows that the rollback brought
// back, and beside them the new ones, because nobody had told the commit to take the old ones out.
import { expect, it } from 'vitest';
import { commitParts } from '#core/edge/sink/commit-parts.ts';
import { decodePart } from '#core/edge/sink/decode-part.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { compact } from '#core/maintenance/compact.ts';
import { planManifestRewrite, rewriteManifests } from '#core/maintenance/rewrite-manifests.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { type Row, stageRows } from '#core/pipeline/stage-table.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { publishTable } from '#core/pipeline/table-changes.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import type { SettlementPlan } from '#schemas/ledger.ts';
import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, refPlots, refYields, silverBands, silverReflectance } from '#schemas/tables.ts';
import { cellsPart, granuleKeyOf, plotsPart, type SmallPart } from '../../sink-simulation/small-parts.ts';
import {
  addPlots,
  commit,
  livePaths,
  type MaintainedLake,
  maintainedLake,
  plotRow,
  rowsOf,
} from '../maintenance/maintained-lake.ts';

const day = Number(plotRow('a', 0)['acquisition_date']);

/** Settles cube `a` as processed anew; what was live of its first processing gives way. */
async function planOf(lake: MaintainedLake): Promise<SettlementPlan> {
  const partition = { farm_id: 'knox', acquisition_date_day: day };
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

it.each([silverReflectance, goldPlotIndex].map((table) => [tableName(table), table] as const))(
  'rows that the field brings to %s between look and commit are taken out too',
  async (_, table) => {
    const lake = maintainedLake();
    const bring = async (before: string | null, ...small: SmallPart[]): Promise<string> => {
      const records = small.map(({ message }, offset) => ({ ...message, partition: 0, offset: BigInt(offset) }));
      const parts = await Promise.all(records.map(decodePart));
      const after = { topic: 'parts', topicId: 'one', next: new Map([[0, before === null ? 0n : 9n]]) };
      const tables = { ...tableAccess(lake), warehouse: lake.warehouse };
      return (await commitParts(tables, table, { group: 'sink', before, after, parts })).offsets;
    };
    const offsets = await bring(null);
    const partOf = (name: string) => (table === goldPlotIndex ? plotsPart(name, 'p1', 0.5) : cellsPart(name, 0, 1));
    const late = () => bring(offsets, partOf('c1'), partOf('c22'));
    const [planned] = (await planOf(lake)).granules;
    const granule = { ...planned!.granule, granule_key: granuleKeyOf('c1') };
    const plan = { manifest_id: 'm3', granules: [{ ...planned!, granule, earlier_ids: [], tables: [] }] };
    await publishTable(settling(lake, late), table, plan as SettlementPlan, undefined);
    expect((await readTableRows(lake, table, ['cube_id'], [])).map((row) => row['cube_id'])).toEqual(['c22']);
  },
);

/** Rows of one processing in any small table, all of which say `text`. */
function stageText(
  lake: MaintainedLake,
  table: TableDefinition,
  processingId: string,
  text: string,
): Promise<DataFile> {
  const known: Row = { farm_id: 'knox', acquisition_date: day, cube_id: 'cube', processing_id: processingId };
  const ofType: Readonly<Record<string, Row[string]>> = { string: text, int: 1, double: 1.5, boolean: true };
  const row = Object.fromEntries(table.columns.map(({ name, type }) => [name, known[name] ?? ofType[type] ?? null]));
  const values: DataFile['partition'] = { farm_id: 'knox', acquisition_date_day: day };
  const partition = Object.fromEntries(table.partition.map(({ name }) => [name, values[name] ?? null]));
  return stageRows(lake.warehouse, table, partition, `${processingId}.parquet`, [row, row]);
}

it.each([refPlots, refYields, silverBands].map((table) => [tableName(table), table] as const))(
  'a granule of %s is replaced after compaction, and the rows of others stay',
  async (name, table) => {
    const lake = maintainedLake();
    const idOf = (granule: string, version: number) => `${granule}${version}`.padStart(32, '0');
    for (const granule of ['a', 'b', 'c'])
      await commit(lake, table, granule, [await stageText(lake, table, idOf(granule, 1), `${granule}1`)]);
    await compact(lake, table);
    await rewriteManifests(lake, table, await planManifestRewrite(lake, table));
    for (const version of [2, 3]) {
      const file = await stageText(lake, table, idOf('a', version), `a${version}`);
      const plan = {
        manifest_id: `m${version}`,
        granules: [
          {
            ...(await planOf(lake)).granules[0]!,
            processing_id: idOf('a', version),
            tables: [
              { table: name, extra_columns: [], data_files: [{ ...file, splitOffsets: [...file.splitOffsets] }] },
            ],
            earlier_ids: [idOf('a', 1), idOf('a', version - 1)],
          },
        ],
      };
      await publishTable(
        settling(lake, () => compact(lake, table)),
        table,
        plan as SettlementPlan,
        undefined,
      );
      await compact(lake, table);
      const texts = (await rowsOf(lake, table)).map((row) => /"([abc]\d)"/.exec(row)?.[1]);
      expect(texts.toSorted()).toEqual([`a${version}`, `a${version}`, 'b1', 'b1', 'c1', 'c1']);
    }
  },
);
