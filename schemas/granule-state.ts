import { z } from 'zod';
import { objectVersionSchema } from './manifest.ts';

/** What went into the numbers of one granule, so that a fault in any of it finds the granules that it spoiled. */
export const provenanceSchema = z.object({
  /** Hash of references, calibration facts and calibration version: the same for all cubes calibrated alike. */
  calibration_id: z.string(),
  /** How counts became reflectance; null where the bronze that was read does not say. */
  method: z.string().nullable(),
  sensor_id: z.string().nullable(),
  /** Reference cubes and plots, at the versions that were read. */
  references: z.array(z.object({ role: z.string(), key: z.string(), etag: z.string() })),
  /** Key of the bronze group in the warehouse. */
  bronze: z.string(),
  /** Panel, integration times, scale and whatever else the capture sidecar said. */
  facts: z.record(z.string(), z.unknown()),
});

/**
 * `control/granules/...`: what was settled of a granule last. Which files hold its rows is asked of the tables, never kept
 * here: a rollback or a compaction knows nothing of this record.
 */
export const granuleStateSchema = z.object({
  granule_key: z.string(),
  payload: z.string(),
  granule_version_id: z.string(),
  processing_id: z.string(),
  manifest_id: z.string(),
  parts: z.array(objectVersionSchema),
  /** Every processing that was ever settled, the present one last: after a rollback an earlier one is in the tables again. */
  processing_ids: z.array(z.string()).optional(),
  /** Table -> rows of the present processing. */
  row_counts: z.record(z.string(), z.number().int()).optional(),
  provenance: provenanceSchema.optional(),
  /** How long its job took, and the bytes that it had to read. */
  duration_ms: z.number().nonnegative().optional(),
  bytes_read: z.number().int().nonnegative().optional(),
});

export type Provenance = z.infer<typeof provenanceSchema>;
export type GranuleState = z.infer<typeof granuleStateSchema>;
