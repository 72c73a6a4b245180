import type { GranuleState } from '#schemas/granule-state.ts';
import type { Granule, Manifest, ObjectVersion } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type Replacement, replacementSchema } from '#schemas/replacement.ts';
import { ledgerParallelCount, manifestGranuleCountMax } from '../../limits.ts';
import { contentHash } from '../content-hash.ts';
import type { FlowContext } from '../flow-context.ts';
import { assembleGranule, payloadNamed } from '../granule-assembly.ts';
import { granuleVersionId, isSameVersion, manifestIdOf, objectVersions } from '../granule-version.ts';
import { inParallel } from '../in-parallel.ts';
import { readRecord } from '../ledger.ts';
import type { ProcessingEstimate } from '../payload.ts';

/** What making one granule again takes. */
export interface GranuleCost {
  readonly granuleKey: string;
  readonly calibrationId: string | null;
  readonly source: 'raw' | 'bronze';
  readonly bytesToRead: number;
  /** Rows in the tables now, of all tables together. */
  readonly rowCount: number;
  /** By how long it took last, or by what the others took for their bytes; null where nothing was timed. */
  readonly seconds: number | null;
  /** False when what would come out is what the tables should hold already. */
  readonly isOther: boolean;
}

export interface ReplacementPlan {
  readonly replacement: Replacement;
  readonly costs: readonly GranuleCost[];
  /** Granules that were changed or removed in raw since they were settled: their newest version comes by itself. */
  readonly changedKeys: readonly string[];
}

/** Name of the branch that a replacement is made on. */
export function branchOf(replacementId: string): string {
  return `reprocess-${replacementId}`;
}

/**
 * Plans to make settled granules again, and writes nothing. The same granules in the same state give the same plan, so
 * that asking again goes on where an earlier call was stopped; one that was discarded is never taken up again.
 */
export async function planReplacement(
  context: FlowContext,
  states: readonly GranuleState[],
  source: Manifest['source'],
): Promise<ReplacementPlan> {
  const examined = await inParallel(states, ledgerParallelCount, (state) => examine(context, state));
  const present = examined.filter((each) => each !== null);
  const kept = new Set(present.map(({ state }) => state.granule_key));
  const facts = present.map(({ state, estimate }) => [state.granule_key, state.manifest_id, estimate.processingId]);
  let replacement: Replacement;
  for (let round = 0; ; round++) {
    const replacementId = contentHash({ source, facts, round }).slice(0, 12);
    const earlier = await readRecord(context.warehouse, controlKeys.replacement(replacementId), replacementSchema);
    replacement = earlier?.value ?? replacementOf(replacementId, source, present);
    if (replacement.state === 'open' || replacement.state === 'publishing') break;
  }
  return {
    replacement,
    costs: costsOf(present),
    changedKeys: states.filter((state) => !kept.has(state.granule_key)).map((state) => state.granule_key),
  };
}

interface Examined {
  readonly state: GranuleState;
  readonly parts: readonly ObjectVersion[];
  readonly estimate: ProcessingEstimate;
}

async function examine(context: FlowContext, state: GranuleState): Promise<Examined | null> {
  const payload = payloadNamed(context.payloads, state.payload);
  const found = await assembleGranule(context, payload, state.granule_key);
  if (found === null || found.assembly.state !== 'ready') return null;
  const parts = objectVersions(found.assembly.parts);
  if (!isSameVersion(parts, state.parts)) return null;
  const granule = granuleOf(state, parts, 'raw', null);
  const bytesToRead = parts.reduce((sum, part) => sum + part.size_bytes, 0);
  const estimate = (await payload.estimate?.(granule, context)) ?? { processingId: '', source: 'raw', bytesToRead };
  return { state, parts, estimate };
}

function granuleOf(
  state: GranuleState,
  parts: readonly ObjectVersion[],
  source: Manifest['source'],
  request: string | null,
): Granule {
  const { payload, granule_key } = state;
  return { payload, granule_key, granule_version_id: granuleVersionId(parts, source, request), parts: [...parts] };
}

function replacementOf(replacementId: string, source: Manifest['source'], examined: readonly Examined[]): Replacement {
  const granules = examined.map(({ state, parts }) => ({
    granule: granuleOf(state, parts, source, `replacement ${replacementId}`),
    replaces: state.manifest_id,
    earlier_ids: [...new Set([...(state.processing_ids ?? []), state.processing_id])],
  }));
  const manifestIds: string[] = [];
  for (let start = 0; start < granules.length; start += manifestGranuleCountMax)
    manifestIds.push(
      manifestIdOf(granules.slice(start, start + manifestGranuleCountMax).map(({ granule }) => granule)),
    );
  return {
    replacement_id: replacementId,
    branch: branchOf(replacementId),
    state: 'open',
    source,
    granules,
    manifest_ids: manifestIds,
  };
}

function costsOf(examined: readonly Examined[]): GranuleCost[] {
  let timedMs = 0;
  let timedBytes = 0;
  for (const { state } of examined) {
    if (state.duration_ms === undefined || state.bytes_read === undefined) continue;
    timedMs += state.duration_ms;
    timedBytes += state.bytes_read;
  }
  return examined.map(({ state, estimate }) => {
    const isTimed = state.duration_ms !== undefined && state.bytes_read === estimate.bytesToRead;
    const byBytes = timedBytes === 0 ? null : (estimate.bytesToRead * timedMs) / timedBytes / 1000;
    return {
      granuleKey: state.granule_key,
      calibrationId: state.provenance?.calibration_id ?? null,
      source: estimate.source,
      bytesToRead: estimate.bytesToRead,
      rowCount: Object.values(state.row_counts ?? {}).reduce((sum, count) => sum + count, 0),
      seconds: isTimed ? state.duration_ms! / 1000 : byBytes,
      isOther: estimate.processingId !== state.processing_id,
    };
  });
}
