import { type GranuleState, granuleStateSchema, provenanceSchema } from '#schemas/granule-state.ts';
import { type PlannedGranule, type Settlement, type SettlementPlan, settlementSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { tableName } from '#schemas/table-definition.ts';
import { InvariantError } from '../errors.ts';
import { compareEdgeRows } from './compare-edge-rows.ts';
import type { SettleContext } from './flow-context.ts';
import { payloadNamed } from './granule-assembly.ts';
import { isSameVersion, jobNameOf } from './granule-version.ts';
import { onVersion, readRecord, tryWriteRecord } from './ledger.ts';
import { loadManifest } from './load-manifest.ts';
import { planSettlement } from './plan-settlement.ts';
import { tagParts, writeQuarantine } from './quarantine.ts';
import {
  type CompleteGranule,
  completeGranules,
  publishTable,
  touchedPartitions,
  touchedTables,
} from './table-changes.ts';

export type SettleResult =
  | { readonly state: 'settled' | 'already settled'; readonly settlement: Settlement }
  /** The job has not ended: the event was early or late, and another will come. */
  | { readonly state: 'running' };

/**
 * Settles a manifest whose job has ended, whatever its granules came to: one snapshot per table for all that completed,
 * then what is derived, then the states, the tags and the quarantine, and a marker last. Each step recognizes its own
 * earlier run, so settling twice, at once or after a crash changes nothing.
 *
 * @throws NotFoundError when there is no such manifest. Disposition: quarantine.
 */
export async function settle(context: SettleContext, manifestId: string): Promise<SettleResult> {
  const key = controlKeys.settlement(manifestId);
  const earlier = await readRecord(context.warehouse, key, settlementSchema);
  if (earlier !== null) return { state: 'already settled', settlement: earlier.value };
  const manifest = await loadManifest(context, manifestId);
  const job = await context.runner.describe(jobNameOf(manifestId));
  if (job !== null && (job.status === 'waiting' || job.status === 'running')) return { state: 'running' };
  const plan = await planSettlement(context, manifest, job, (otherId) => settle(context, otherId));

  const snapshots: Record<string, string> = {};
  const payload = payloadNamed(context.payloads, manifest.granules[0]!.payload);
  const touched = touchedTables(plan, payload);
  // While the rows of the field are still in the tables; what is on a branch takes nobody's place yet.
  const edgeBeyondCount = manifest.branch === undefined ? await compareEdgeRows(context, plan, payload) : 0;
  for (const table of touched) {
    const snapshotId = await publishTable(context, table, plan, manifest.branch);
    if (snapshotId !== null) snapshots[tableName(table)] = String(snapshotId);
  }
  // What is on a branch is seen by nobody yet: no state, tag or derived table may tell of it.
  if (manifest.branch === undefined) {
    if (completeGranules(plan).length > 0) {
      await context.afterCommit(touchedPartitions(plan, Object.keys(snapshots)));
    }
    for (const granule of plan.granules) {
      const isOurs = await recordGranule(context, plan, granule);
      if (!isOurs) return settle(context, manifestId);
    }
  }
  const settlement: Settlement = {
    manifest_id: manifestId,
    ...verdictCounts(plan),
    ...(edgeBeyondCount > 0 ? { edge_beyond_count: edgeBeyondCount } : {}),
    snapshots,
  };
  await tryWriteRecord(context.warehouse, key, settlement, { ifNoneMatch: '*' });
  return { state: 'settled', settlement };
}

/** @returns False when another run settled the manifest meanwhile and the granule has moved on. */
async function recordGranule(context: SettleContext, plan: SettlementPlan, planned: PlannedGranule): Promise<boolean> {
  if (planned.verdict === 'superseded') return true;
  if (planned.verdict === 'complete') {
    if (!(await recordState(context, plan.manifest_id, planned))) return false;
    await context.warehouse.delete(controlKeys.quarantine(planned.granule.granule_key));
    await tagParts(context.raw, planned.granule.parts, 'complete');
    return true;
  }
  const { payload, granule_key, granule_version_id, parts } = planned.granule;
  const { error, reason, disposition } = planned;
  const facts = { payload, granule_key, granule_version_id, parts, manifest_id: plan.manifest_id };
  await writeQuarantine(context, { ...facts, error, reason, disposition });
  const state = await readRecord(context.warehouse, controlKeys.granule(granule_key), granuleStateSchema);
  const isInTables = state !== null && isSameVersion(state.value.parts, parts);
  if (!isInTables) await tagParts(context.raw, parts, 'failed');
  return true;
}

async function recordState(context: SettleContext, manifestId: string, planned: CompleteGranule): Promise<boolean> {
  const { granule } = planned;
  const state: GranuleState = {
    granule_key: granule.granule_key,
    payload: granule.payload,
    granule_version_id: granule.granule_version_id,
    processing_id: planned.processing_id,
    manifest_id: manifestId,
    parts: granule.parts,
    processing_ids: [...planned.earlier_ids.filter((id) => id !== planned.processing_id), planned.processing_id],
    row_counts: Object.fromEntries(
      planned.tables.map(({ table, data_files }) => [
        table,
        data_files.reduce((sum, file) => sum + file.recordCount, 0),
      ]),
    ),
    ...reportedFacts(planned.report),
  };
  const key = controlKeys.granule(granule.granule_key);
  if ((await tryWriteRecord(context.warehouse, key, state, onVersion(planned.state_etag))) !== null) return true;
  const current = await readRecord(context.warehouse, key, granuleStateSchema);
  if (current?.value.manifest_id === manifestId) return true;
  if ((await context.warehouse.head(controlKeys.settlement(manifestId))) !== null) return false;
  throw new InvariantError('Expected the state that the settlement was planned on, got another', { key });
}

/** What a job's report says that outlives the job. */
function reportedFacts(report: CompleteGranule['report']): Partial<GranuleState> {
  const provenance = provenanceSchema.safeParse(report['provenance']);
  const { duration_ms: durationMs, bytes_read: bytesRead } = report;
  return {
    ...(provenance.success ? { provenance: provenance.data } : {}),
    ...(typeof durationMs === 'number' ? { duration_ms: durationMs } : {}),
    ...(typeof bytesRead === 'number' ? { bytes_read: bytesRead } : {}),
  };
}

function verdictCounts(plan: SettlementPlan): Pick<Settlement, 'complete_count' | 'failed_count' | 'superseded_count'> {
  const count = (verdict: PlannedGranule['verdict']): number =>
    plan.granules.filter((granule) => granule.verdict === verdict).length;
  return { complete_count: count('complete'), failed_count: count('failed'), superseded_count: count('superseded') };
}
