import { granuleStateSchema } from '#schemas/granule-state.ts';
import { holdSchema, type PlannedGranule, type SettlementPlan, settlementPlanSchema } from '#schemas/ledger.ts';
import { type Granule, type Manifest, type Outcome, outcomeSchema } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { exitCodes, HeldError } from '../errors.ts';
import { ledgerParallelCount } from '../limits.ts';
import type { JobChildState, JobState } from '../ports/job-runner.ts';
import { compareKeys } from '../ports/object-key.ts';
import { finalizeClaim } from './claims.ts';
import type { FlowContext } from './flow-context.ts';
import { assembleGranule, payloadNamed } from './granule-assembly.ts';
import { isSameVersion, objectVersions } from './granule-version.ts';
import { inParallel } from './in-parallel.ts';
import { onVersion, readRecord, tryWriteRecord } from './ledger.ts';

/** Settles another manifest that has ended and holds one of our granules. */
export type SettleOther = (manifestId: string) => Promise<unknown>;

/**
 * Decides what a settlement does, once: the first plan that is written is the plan, whoever made it, so that a
 * settlement that is repeated after a crash does the same although raw has moved on since.
 */
export async function planSettlement(
  context: FlowContext,
  manifest: Manifest,
  job: JobState | null,
  settleOther: SettleOther,
): Promise<SettlementPlan> {
  const key = controlKeys.settlementPlan(manifest.manifest_id);
  const earlier = await readRecord(context.warehouse, key, settlementPlanSchema);
  if (earlier !== null) return earlier.value;
  const reasons = await inParallel(manifest.granules, ledgerParallelCount, (granule) =>
    supersededReason(context, granule, manifest.manifest_id),
  );
  const isOnBranch = manifest.branch !== undefined;
  // What goes to a branch changes nobody's rows, and needs no hold on them.
  const held = isOnBranch
    ? []
    : manifest.granules.filter((_, index) => reasons[index] === null).map((granule) => granule.granule_key);
  for (const granuleKey of held.toSorted(compareKeys)) {
    await hold(context, granuleKey, manifest.manifest_id, settleOther);
  }
  const granules = await inParallel(manifest.granules, ledgerParallelCount, (granule, index) =>
    planGranule(context, { manifest, granule, index, supersededReason: reasons[index]!, job }),
  );
  const plan: SettlementPlan = { manifest_id: manifest.manifest_id, granules: allOrNone(manifest, granules) };
  if ((await tryWriteRecord(context.warehouse, key, plan, { ifNoneMatch: '*' })) !== null) return plan;
  return planSettlement(context, manifest, job, settleOther);
}

/** Why a granule version must not reach the tables any more, or null. */
async function supersededReason(context: FlowContext, granule: Granule, manifestId: string): Promise<string | null> {
  const settlerId = await finalizeClaim(context, granule, manifestId);
  if (settlerId !== manifestId) return `Manifest ${settlerId} settles this version`;
  const current = await assembleGranule(context, payloadNamed(context.payloads, granule.payload), granule.granule_key);
  if (current === null || current.assembly.state === 'waiting') return null;
  return isSameVersion(objectVersions(current.assembly.parts), granule.parts) ? null : 'Raw has a newer version';
}

/**
 * Takes the right to change the rows of a granule. One manifest has it at a time, and passes it on when it is settled;
 * granules are taken in the order of their keys, so that no two manifests wait for each other.
 */
async function hold(
  context: FlowContext,
  granuleKey: string,
  manifestId: string,
  settleOther: SettleOther,
): Promise<void> {
  const key = controlKeys.hold(granuleKey);
  for (;;) {
    const current = await readRecord(context.warehouse, key, holdSchema);
    const holderId = current?.value.manifest_id;
    if (holderId === manifestId) return;
    if (holderId !== undefined && !(await isSettled(context, holderId))) {
      await settleOther(holderId);
      if (!(await isSettled(context, holderId))) {
        throw new HeldError(`Expected manifest ${holderId} to settle, got none (${granuleKey}). Try again later.`);
      }
    }
    const record = { manifest_id: manifestId };
    if ((await tryWriteRecord(context.warehouse, key, record, onVersion(current?.etag ?? null))) !== null) return;
  }
}

async function isSettled(context: FlowContext, manifestId: string): Promise<boolean> {
  return (await context.warehouse.head(controlKeys.settlement(manifestId))) !== null;
}

interface GranuleToPlan {
  readonly manifest: Manifest;
  readonly granule: Granule;
  readonly index: number;
  readonly supersededReason: string | null;
  readonly job: JobState | null;
}

async function planGranule(context: FlowContext, toPlan: GranuleToPlan): Promise<PlannedGranule> {
  const { manifest, granule, index } = toPlan;
  const state = await readRecord(context.warehouse, controlKeys.granule(granule.granule_key), granuleStateSchema);
  const planned = { granule, state_etag: state?.etag ?? null };
  if (toPlan.supersededReason !== null) return { verdict: 'superseded', ...planned, reason: toPlan.supersededReason };
  const replaced = manifest.replaces?.[granule.granule_key];
  if (replaced !== undefined && state?.value.manifest_id !== replaced) {
    const reason = `Manifest ${state?.value.manifest_id} settled it after this replacement was planned`;
    return { verdict: 'superseded', ...planned, reason };
  }
  const record = await readRecord(context.warehouse, controlKeys.outcome(manifest.manifest_id, index), outcomeSchema);
  const outcome =
    record?.value ??
    outcomeOfChild(
      granule,
      toPlan.job?.children.find((child) => child.index === index),
    );
  if (outcome.status === 'failed') {
    const { error, reason, disposition } = outcome;
    return { verdict: 'failed', ...planned, error, reason, disposition };
  }
  const { processing_id, tables, report } = outcome;
  const earlierIds = state === null ? [] : [...(state.value.processing_ids ?? []), state.value.processing_id];
  return {
    verdict: 'complete',
    ...planned,
    processing_id,
    tables,
    earlier_ids: [...new Set(earlierIds)],
    report,
  };
}

/** A replacement that cannot have all of its granules has none of them. */
function allOrNone(manifest: Manifest, granules: readonly PlannedGranule[]): PlannedGranule[] {
  const lost = manifest.replaces === undefined ? undefined : granules.find(({ verdict }) => verdict !== 'complete');
  if (lost === undefined || lost.verdict === 'complete') return [...granules];
  const reason = `${lost.granule.granule_key}: ${lost.reason}`;
  return granules.map(({ granule, state_etag }) => ({ verdict: 'superseded', granule, state_etag, reason }));
}

/** What the runner knows of a child that left no outcome. */
function outcomeOfChild(granule: Granule, child: JobChildState | undefined): Extract<Outcome, { status: 'failed' }> {
  const failed = { status: 'failed', granule_version_id: granule.granule_version_id, error: 'JobFailed' } as const;
  if (child === undefined) {
    const reason = 'Expected an outcome, got none, and the job runner does not know the job any more. Redrive it.';
    return { ...failed, reason, disposition: 'retry' };
  }
  const end = child.exitCode === null ? 'killed' : `exit code ${child.exitCode}`;
  const said = child.reason === null ? '' : `: ${child.reason}`;
  const disposition =
    child.exitCode === null || child.exitCode === exitCodes.retry
      ? 'retry'
      : child.exitCode === exitCodes.badConfiguration
        ? 'stop'
        : 'bug';
  return { ...failed, reason: `No outcome after ${child.attemptCount} attempts, ${end}${said}`, disposition };
}
