import { settlementPlanSchema } from '#schemas/ledger.ts';
import type { Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { ledgerParallelCount } from '../limits.ts';
import type { FlowContext } from './flow-context.ts';
import { inParallel } from './in-parallel.ts';
import { readRecord } from './ledger.ts';
import type { CompleteGranule } from './table-changes.ts';

/** How long a granule took that a settlement has just brought to the tables. */
export interface GranuleDuration {
  readonly payload: string;
  /** Of the attempt that succeeded; null when its job did not say. */
  readonly jobMs: number | null;
  /** From the arrival of its last part; null for a granule that was processed before, or whose parts have changed since. */
  readonly uploadToCommitMs: number | null;
}

type MeasureContext = Pick<FlowContext, 'raw' | 'warehouse'>;

/**
 * The durations of a settled manifest's complete granules, from its plan and the dates that the stores give. Nothing is
 * changed. Empty when the manifest is not settled.
 */
export async function measureSettlement(context: MeasureContext, manifestId: string): Promise<GranuleDuration[]> {
  const settled = await context.warehouse.head(controlKeys.settlement(manifestId));
  const plan = await readRecord(context.warehouse, controlKeys.settlementPlan(manifestId), settlementPlanSchema);
  if (settled === null || plan === null) return [];
  const complete = plan.value.granules.filter((each): each is CompleteGranule => each.verdict === 'complete');
  return inParallel(complete, ledgerParallelCount, async (planned) => {
    const { granule, report, earlier_ids } = planned;
    const arrivedMs = earlier_ids.length > 0 ? null : await arrivalMs(context, granule);
    const jobMs = report['duration_ms'];
    return {
      payload: granule.payload,
      jobMs: typeof jobMs === 'number' ? jobMs : null,
      uploadToCommitMs: arrivedMs === null ? null : Math.max(0, settled.lastModifiedMs - arrivedMs),
    };
  });
}

async function arrivalMs({ raw }: MeasureContext, granule: Granule): Promise<number | null> {
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { key, etag } of granule.parts) {
    const facts = await raw.head(key);
    if (facts === null || facts.etag !== etag) return null;
    lastMs = Math.max(lastMs, facts.lastModifiedMs);
  }
  return lastMs;
}
