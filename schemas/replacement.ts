import { z } from 'zod';
import { granuleSchema } from './manifest.ts';

/** `control/replacements/...`: granules that are made again together, beside what the tables show, and then published at once. */
export const replacementSchema = z.object({
  replacement_id: z.string(),
  /** Branch of every table that holds the new rows until they are published. */
  branch: z.string(),
  /** `open`: being made or compared. What is `publishing` can only be published, what is `discarded` never. */
  state: z.enum(['open', 'publishing', 'published', 'discarded']),
  source: z.enum(['raw', 'bronze']),
  granules: z.array(
    z.object({
      granule: granuleSchema,
      /** Manifest that had settled it when the replacement was planned: another one since makes the replacement fail. */
      replaces: z.string(),
      /** Processings that the tables may hold. */
      earlier_ids: z.array(z.string()),
    }),
  ),
  /** Manifests whose jobs make the granules. */
  manifest_ids: z.array(z.string()),
});

/** How far two versions of the same values are apart. */
export const differenceSchema = z.object({
  /** Spectral index, or column of a band. */
  name: z.string(),
  /** Values that both versions have. */
  count: z.number().int(),
  only_old_count: z.number().int(),
  only_new_count: z.number().int(),
  mean_absolute: z.number().nullable(),
  root_mean_square: z.number().nullable(),
  max_absolute: z.number().nullable(),
});

/** `control/comparisons/...`: old against new, for each granule of a replacement. */
export const comparisonSchema = z.object({
  replacement_id: z.string(),
  granules: z.array(
    z.object({
      granule_key: z.string(),
      /** Table -> rows. */
      old_row_counts: z.record(z.string(), z.number().int()),
      new_row_counts: z.record(z.string(), z.number().int()),
      differences: z.array(differenceSchema),
    }),
  ),
});

export type Replacement = z.infer<typeof replacementSchema>;
export type Difference = z.infer<typeof differenceSchema>;
export type Comparison = z.infer<typeof comparisonSchema>;
