import { z } from 'zod';

export const objectVersionSchema = z.strictObject({
  key: z.string(),
  etag: z.string(),
  size_bytes: z.number().int().nonnegative(),
});

/** One raw cube and its sidecars at one version (or whatever the payload calls its unit). */
export const granuleSchema = z.strictObject({
  payload: z.string(),
  /** Raw key without extension. */
  granule_key: z.string(),
  /** SHA-256 of the sorted parts and of the reprocessing request, 32 hex digits. */
  granule_version_id: z.string().regex(/^[0-9a-f]{32}$/),
  parts: z.array(objectVersionSchema).min(1),
});

/**
 * One list of granules that are processed as one Batch job. The id is a hash of the sorted granule versions, so that the
 * same list is the same manifest however often it is planned.
 */
export const manifestSchema = z.strictObject({
  format_version: z.literal(1),
  manifest_id: z.string().regex(/^[0-9a-f]{32}$/),
  /** `raw`: read the raw parts. `bronze`: start from the bronze that the tables hold now. */
  source: z.enum(['raw', 'bronze']),
  granules: z.array(granuleSchema).min(1),
  /** Its rows go to this branch of the tables, where nobody looks by default; absent for main. */
  branch: z.string().optional(),
  /**
   * Granule key -> manifest that had settled it when a replacement was planned. All of its granules are replaced, or, when
   * another manifest was faster with one of them, none.
   */
  replaces: z.record(z.string(), z.string()).optional(),
});

export type ObjectVersion = z.infer<typeof objectVersionSchema>;
export type Granule = z.infer<typeof granuleSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * `control/claims/...`: this manifest, and no other, may settle this granule version. A claim whose manifest was never
 * written may be taken over until a settlement has made it final.
 */
export const claimSchema = z.strictObject({ manifest_id: z.string(), final: z.boolean() });

export const dataFileSchema = z.strictObject({
  path: z.string(),
  partition: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  recordCount: z.number().int().nonnegative(),
  fileSizeBytes: z.number().int().positive(),
  splitOffsets: z.array(z.number().int()),
  columnSizes: z.record(z.string(), z.number()),
  valueCounts: z.record(z.string(), z.number()),
  nullValueCounts: z.record(z.string(), z.number()),
  nanValueCounts: z.record(z.string(), z.number()),
  lowerBounds: z.record(z.string(), z.string()),
  upperBounds: z.record(z.string(), z.string()),
});

/** Files staged for one table by one granule, and the columns that the table must have for them. */
export const stagedTableSchema = z.strictObject({
  table: z.string(),
  /** Field ids and names beyond the table's definition that the files use (band columns). */
  extra_columns: z.array(
    z.strictObject({ id: z.number().int(), name: z.string(), type: z.literal('float'), doc: z.string() }),
  ),
  data_files: z.array(dataFileSchema),
});

/** What one child of a job says about its granule, written once, last. */
export const outcomeSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('complete'),
    granule_version_id: z.string(),
    processing_id: z.string(),
    tables: z.array(stagedTableSchema),
    /** Facts for people: counts, warnings, durations. */
    report: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    status: z.literal('failed'),
    granule_version_id: z.string(),
    error: z.string(),
    reason: z.string(),
    disposition: z.enum(['retry', 'quarantine', 'stop', 'bug']),
  }),
]);

export type StagedTable = z.infer<typeof stagedTableSchema>;
export type Outcome = z.infer<typeof outcomeSchema>;
