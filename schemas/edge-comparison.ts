import { z } from 'zod';
import { differenceSchema } from './replacement.ts';

/** `control/edge-comparisons/...`: what the field had made of a granule against what the cloud made of its raw cube. */
export const edgeComparisonSchema = z.object({
  granule_key: z.string(),
  manifest_id: z.string(),
  processing_id: z.string(),
  /** Plot means by spectral index; old is the field. */
  plots: z.array(differenceSchema),
  /** Means of three bands and NDVI over cells, where their pixels were among those that were read; old is the field. */
  cells: z.array(differenceSchema),
  /** Why cells were not compared; null where they were. */
  cells_skipped: z.string().nullable(),
  /** Differences beyond tolerance, in words. */
  beyond: z.array(z.string()),
});

export type EdgeComparison = z.infer<typeof edgeComparisonSchema>;
