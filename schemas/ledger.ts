import { z } from 'zod';
import { granuleSchema, objectVersionSchema, stagedTableSchema } from './manifest.ts';

const disposition = z.enum(['retry', 'quarantine', 'stop', 'bug']);

/** `control/pending/...`: someone asked for this granule: a new object, or a person who wants it processed again. */
export const pendingSchema = z.strictObject({
  payload: z.string(),
  granule_key: z.string(),
  source: z.enum(['raw', 'bronze']),
  /** What makes this request another than the plain arrival of the objects; null for that. */
  request: z.string().nullable(),
});

/** `control/quarantine/...`: a granule version that failed, or a granule that stayed incomplete. */
export const quarantineSchema = z.strictObject({
  granule_key: z.string(),
  payload: z.string(),
  granule_version_id: z.string().nullable(),
  manifest_id: z.string().nullable(),
  parts: z.array(objectVersionSchema),
  error: z.string(),
  reason: z.string(),
  disposition,
});

/** `control/holds/...` */
export const holdSchema = z.strictObject({ manifest_id: z.string() });

const planned = {
  granule: granuleSchema,
  /** ETag of the granule's state record that the plan was made on; null when there was none. */
  state_etag: z.string().nullable(),
};

/** What happens to one granule of a manifest when it is settled. */
export const plannedGranuleSchema = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('complete'),
    ...planned,
    processing_id: z.string(),
    tables: z.array(stagedTableSchema),
    /** Processings of earlier versions, whose rows these take the place of. */
    earlier_ids: z.array(z.string()).default([]),
    /** What the job says of itself: provenance, duration. */
    report: z.record(z.string(), z.unknown()).default({}),
  }),
  z.strictObject({ verdict: z.literal('failed'), ...planned, error: z.string(), reason: z.string(), disposition }),
  /** A newer version of the granule is in raw, or another manifest settles this one. */
  z.strictObject({ verdict: z.literal('superseded'), ...planned, reason: z.string() }),
]);

/** `control/settlement-plans/...` */
export const settlementPlanSchema = z.strictObject({
  manifest_id: z.string(),
  granules: z.array(plannedGranuleSchema),
});

/** `control/settlement-failures/...`: why the newest try to settle a manifest failed. Of a settled manifest it says nothing. */
export const settlementFailureSchema = z.strictObject({
  manifest_id: z.string(),
  error: z.string(),
  reason: z.string(),
  disposition,
});

/** `control/settlements/...` */
export const settlementSchema = z.strictObject({
  manifest_id: z.string(),
  complete_count: z.number().int(),
  failed_count: z.number().int(),
  superseded_count: z.number().int(),
  /** Granules of which field and cloud differ beyond tolerance; absent for none. */
  edge_beyond_count: z.number().int().optional(),
  /** Table -> snapshot id as text: it may exceed 2^53. */
  snapshots: z.record(z.string(), z.string()),
});

export type Pending = z.infer<typeof pendingSchema>;
export type Quarantine = z.infer<typeof quarantineSchema>;
export type PlannedGranule = z.infer<typeof plannedGranuleSchema>;
export type SettlementPlan = z.infer<typeof settlementPlanSchema>;
export type SettlementFailure = z.infer<typeof settlementFailureSchema>;
export type Settlement = z.infer<typeof settlementSchema>;
