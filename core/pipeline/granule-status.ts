import { type GranuleState, granuleStateSchema } from '#schemas/granule-state.ts';
import type { SettlementFailure } from '#schemas/ledger.ts';
import { claimSchema, type ObjectVersion } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { processingStatusTag } from '#schemas/processing-status.ts';
import { CubelakeError } from '../errors.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import type { FlowContext } from './flow-context.ts';
import { granuleVersionId, isSameVersion, jobNameOf, objectVersions } from './granule-version.ts';
import { readRecord } from './ledger.ts';
import type { Payload } from './payload.ts';
import { readQuarantine } from './quarantine.ts';
import type { RowsInTables } from './rows-in-tables.ts';
import { readSettlementFailure } from './settlement-failure.ts';

export type GranuleStatusName = 'complete' | 'failed' | 'running' | 'waiting';

/** What became of the parts that raw holds of one granule now. */
export interface GranuleStatus {
  readonly granuleKey: string;
  readonly payload: string;
  readonly status: GranuleStatusName;
  /** Why it failed, what it waits for, or what its job does; null when complete and all is well. */
  readonly reason: string | null;
  readonly objectCount: number;
  readonly manifestId: string | null;
  /** What was lost on the way and a reconciliation brings back; null when all is well. */
  readonly lost: 'event' | 'job' | 'job event' | 'tag' | null;
  /** It was settled, and its rows are not in the tables any more. */
  readonly isRolledBack: boolean;
  /** Why it could not be settled when that was last tried; absent or null where no try has failed. */
  readonly settlementFailure?: SettlementFailure | null;
}

interface GranuleInRaw {
  readonly payload: Payload;
  readonly granuleKey: string;
  readonly objects: readonly ObjectFacts[];
}

/**
 * @param pendingKeys Granules that the ledger has a request for.
 * @param rows What the tables hold; null where the ledger's word is enough.
 */
export async function granuleStatus(
  context: FlowContext,
  { payload, granuleKey, objects }: GranuleInRaw,
  pendingKeys: ReadonlySet<string>,
  rows: RowsInTables | null,
): Promise<GranuleStatus> {
  const facts = {
    granuleKey,
    payload: payload.name,
    objectCount: objects.length,
    manifestId: null,
    lost: null,
    isRolledBack: false,
  };
  const assembly = payload.assemble(granuleKey, objects);
  const parts = objectVersions(assembly.state === 'ready' ? assembly.parts : objects);
  const quarantine = await readQuarantine(context, granuleKey);
  const failure = quarantine !== null && isSameVersion(quarantine.value.parts, parts) ? quarantine.value : null;
  const state = await readRecord(context.warehouse, controlKeys.granule(granuleKey), granuleStateSchema);
  if (state !== null && isSameVersion(state.value.parts, parts)) {
    const { lacking, unreadable } = await lookForRows(rows, state.value);
    if (lacking !== null) {
      const reason = `to be processed again: ${lacking} does not hold its rows any more, it was rolled back. Run "cubelake reprocess --rolled-back"`;
      return { ...facts, status: 'waiting', reason, manifestId: state.value.manifest_id, isRolledBack: true };
    }
    const doubt = unreadable === null ? null : `its rows may lie in a file that cannot be read. ${unreadable}`;
    const reason = failure === null ? doubt : `processing it again failed. ${failure.error}: ${failure.reason}`;
    const lost = await lostTag(context, objects, state.writtenMs);
    return { ...facts, status: 'complete', reason, manifestId: state.value.manifest_id, lost };
  }
  if (failure !== null) {
    const { error, reason, manifest_id: manifestId } = failure;
    const lost = await lostTag(context, objects, quarantine!.writtenMs);
    return { ...facts, status: 'failed', reason: `${error}: ${reason}`, manifestId, lost };
  }
  const isPending = pendingKeys.has(granuleKey);
  if (assembly.state === 'waiting') {
    return { ...facts, status: 'waiting', reason: assembly.missing, lost: isPending ? null : 'event' };
  }
  return { ...facts, ...(await unfinishedStatus(context, parts, isPending)) };
}

/** One file that cannot be read leaves open whose rows it holds, and must not hide what became of all else. */
async function lookForRows(rows: RowsInTables | null, state: GranuleState) {
  try {
    return { lacking: (await rows?.tableWithout(state)) ?? null, unreadable: null };
  } catch (error) {
    if (!(error instanceof CubelakeError) || error.disposition !== 'quarantine') throw error;
    return { lacking: null, unreadable: error.message };
  }
}

/** Stores date their objects to the second. */
const datedToMs = 1000;

/**
 * The same bytes that are uploaded again have no tag, and where the event of that was lost nobody gave them one. Only objects
 * that are younger than the verdict are looked at: one request each.
 */
async function lostTag(
  context: FlowContext,
  objects: readonly ObjectFacts[],
  verdictMs: number,
): Promise<'tag' | null> {
  for (const { key, lastModifiedMs } of objects) {
    if (lastModifiedMs + datedToMs < verdictMs) continue;
    if (!(processingStatusTag.key in (await context.raw.getTags(key)))) return 'tag';
  }
  return null;
}

type Unfinished = Pick<GranuleStatus, 'status' | 'reason' | 'manifestId' | 'lost' | 'settlementFailure'>;

async function unfinishedStatus(
  context: FlowContext,
  parts: readonly ObjectVersion[],
  isPending: boolean,
): Promise<Unfinished> {
  const waiting = (reason: string): Unfinished => ({ status: 'waiting', reason, manifestId: null, lost: null });
  if (isPending) return waiting('a manifest');
  const lostEvent: Unfinished = { ...waiting('its event'), lost: 'event' };
  const claimKey = controlKeys.claim(granuleVersionId(parts, 'raw', null));
  const claim = await readRecord(context.warehouse, claimKey, claimSchema);
  if (claim === null) return lostEvent;
  const manifestId = claim.value.manifest_id;
  const isSettled = (await context.warehouse.head(controlKeys.settlement(manifestId))) !== null;
  const isWritten = (await context.warehouse.head(controlKeys.manifest(manifestId))) !== null;
  if (isSettled || !isWritten) return lostEvent;
  const job = await context.runner.describe(jobNameOf(manifestId));
  if (job === null) return { status: 'running', reason: 'its job was not submitted', manifestId, lost: 'job' };
  const isEnded = job.status === 'succeeded' || job.status === 'failed';
  if (!isEnded) return { status: 'running', reason: `its job is ${job.status}`, manifestId, lost: null };
  const settlementFailure = await readSettlementFailure(context, manifestId);
  const why = settlementFailure === null ? '' : `. ${settlementFailure.error}: ${settlementFailure.reason}`;
  const reason = `its job ended and is not settled${why}`;
  return { status: 'running', reason, manifestId, lost: 'job event', settlementFailure };
}
