import { type Granule, type Manifest, type Outcome, outcomeSchema } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { ConfigurationError, CubelakeError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { payloadNamed } from './granule-assembly.ts';
import { readRecord, writeRecord } from './ledger.ts';
import { loadManifest } from './load-manifest.ts';
import type { CompleteOutcome, Payload, ProcessContext } from './payload.ts';

export interface GranuleJob extends Omit<ProcessContext, 'source'> {
  readonly payloads: readonly Payload[];
  readonly manifestId: string;
  readonly granuleIndex: number;
  /** Times the work, where there is one. */
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/**
 * Works on one granule of a manifest and writes what came of it, last. An attempt that may succeed when it is repeated
 * leaves no outcome; every other failure leaves one, so that the settler can tell the user why. A granule whose complete
 * outcome is there is not worked on again.
 *
 * @throws What the payload threw, after the outcome was written.
 */
export async function processGranule(job: GranuleJob): Promise<Outcome> {
  const manifest = await loadManifest(job, job.manifestId);
  const granule = granuleAt(manifest, job.granuleIndex);
  const key = controlKeys.outcome(job.manifestId, job.granuleIndex);
  const earlier = await readRecord(job.warehouse, key, outcomeSchema);
  const payload = payloadNamed(job.payloads, granule.payload);
  if (earlier?.value.status === 'complete') {
    await payload.discardProgress?.(earlier.value, job);
    return earlier.value;
  }
  try {
    const { raw, warehouse, progress, step, clock } = job;
    const startMs = clock?.nowMs() ?? null;
    const output = await payload.process(granule, { raw, warehouse, progress, step, source: manifest.source });
    const outcome: CompleteOutcome = {
      status: 'complete',
      granule_version_id: granule.granule_version_id,
      processing_id: output.processingId,
      tables: [...output.tables],
      report: {
        ...output.report,
        ...(clock === undefined || startMs === null ? {} : { duration_ms: Math.max(0, clock.nowMs() - startMs) }),
      },
    };
    step('outcome');
    await writeRecord(job.warehouse, key, outcomeSchema.parse(outcome));
    step('outcome written');
    await payload.discardProgress?.(outcome, job);
    return outcome;
  } catch (error) {
    const outcome = failedOutcome(granule, error);
    if (outcome.disposition !== 'retry') await writeRecord(job.warehouse, key, outcome);
    throw error;
  }
}

function granuleAt(manifest: Manifest, granuleIndex: number): Granule {
  const granule = manifest.granules[granuleIndex];
  if (granule !== undefined) return granule;
  const count = manifest.granules.length;
  throw new ConfigurationError(
    `Expected a granule index below ${count}, got ${granuleIndex} (manifest ${manifest.manifest_id}).`,
    { granuleIndex },
  );
}

function failedOutcome(granule: Granule, error: unknown): Extract<Outcome, { status: 'failed' }> {
  return {
    status: 'failed',
    granule_version_id: granule.granule_version_id,
    error: error instanceof Error ? error.name : 'Error',
    reason: error instanceof Error ? error.message : String(error),
    disposition: error instanceof CubelakeError ? error.disposition : 'bug',
  };
}
