import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import type { PlotIndexRow, PlotRow, YieldRow } from '#core/breeding/trial-rows.ts';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { contentHash } from '#core/pipeline/content-hash.ts';
import { recommend } from '#core/pipeline/recommend.ts';
import { type Row, stageRows } from '#core/pipeline/stage-table.ts';
import { livePaths, readTableRows } from '#core/pipeline/table-rows.ts';
import type { BreedingRule } from '#schemas/breeding-rule.ts';
import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, goldRecommendation, refPlots, refYields } from '#schemas/tables.ts';
import type { Tables } from './open-tables.ts';

export interface RecommendRequest {
  readonly trialId: string | null;
  readonly farmId: string | null;
  readonly season: string | null;
  readonly rule: BreedingRule;
}

/** Reads the trial's rows, decides, and records the decisions in gold.recommendation: once, however often it is asked. */
export async function recommendTrial(lake: Tables, request: RecommendRequest): Promise<TrialRecommendation> {
  const plotRows = (await readAll(lake, refPlots)) as unknown as PlotRow[];
  const { trialId, farmId } = chooseTrial(plotRows, request);
  const snapshots: Record<string, string> = {};
  for (const table of [goldPlotIndex, refPlots, refYields]) {
    const loaded = await lake.catalog.loadTable(table);
    const snapshotId = loaded?.metadata['current-snapshot-id'] ?? null;
    if (snapshotId !== null) snapshots[tableName(table)] = String(snapshotId);
  }
  const recommendation = recommend({
    farmId,
    trialId,
    plotIndexRows: (await readAll(lake, goldPlotIndex)) as unknown as PlotIndexRow[],
    yieldRows: (await readAll(lake, refYields)) as unknown as YieldRow[],
    plotRows,
    rule: request.rule,
    snapshots,
    ...(request.season !== null && { season: request.season }),
  });
  await record(lake, recommendation);
  return recommendation;
}

function readAll(lake: Tables, table: TableDefinition): Promise<readonly unknown[]> {
  return readTableRows(
    lake,
    table,
    table.columns.map((column) => column.name),
    [],
  );
}

function chooseTrial(plotRows: readonly PlotRow[], request: RecommendRequest): { trialId: string; farmId: string } {
  const trials = new Map<string, { trialId: string; farmId: string }>();
  for (const { trial_id, farm_id } of plotRows) {
    const isWanted = (request.trialId ?? trial_id) === trial_id && (request.farmId ?? farm_id) === farm_id;
    if (trial_id !== null && isWanted) trials.set(`${farm_id}/${trial_id}`, { trialId: trial_id, farmId: farm_id });
  }
  const [only, ...others] = trials.values();
  if (only === undefined) {
    throw new NotFoundError(
      `Expected plots of trial ${request.trialId ?? '(any)'}, found none in ref.plots. Give plots with "cubelake ingest --plots".`,
    );
  }
  if (others.length > 0)
    throw new ConfigurationError(
      `Expected one trial, got ${[...trials.keys()].join(', ')}. Name one with --trial and --farm.`,
    );
  return only;
}

/** Replaces the trial's earlier rows; the same recommendation is committed once. */
async function record(lake: Tables, recommendation: TrialRecommendation): Promise<void> {
  const { farmId, trialId, recommendationId, rows } = recommendation;
  const partition = { farm_id: farmId, trial_id: trialId };
  const file = await stageRows(
    lake.warehouse,
    goldRecommendation,
    partition,
    `${recommendationId}.parquet`,
    rows as unknown as Row[],
  );
  const live = await livePaths(lake, goldRecommendation, [
    { column: 'farm_id', op: '=', value: farmId },
    { column: 'trial_id', op: '=', value: trialId },
  ]);
  if (live.includes(file.path)) return;
  const commitId = contentHash(['recommendation', recommendationId, live]);
  await publish(lake, goldRecommendation, {
    commitId,
    extraColumns: [],
    addFiles: [file],
    removePaths: live,
    summary: {},
  });
}
