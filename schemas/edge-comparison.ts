import { z } from 'zod';
import { cellFactsSchema } from './edge-messages.ts';
import { differenceSchema } from './replacement.ts';

/** What the field says of its cells in each row (`cellFactColumns`), which is what they are rounded to. */
export const comparedCellFactsSchema = cellFactsSchema.pick({
  cell_size: true,
  reflectance_precision: true,
  index_precision: true,
  ndvi_min: true,
});
export type ComparedCellFacts = z.infer<typeof comparedCellFactsSchema>;

/** `control/edge-comparisons/...`: what the field had made of a granule against what the cloud made of its raw cube. */
export const edgeComparisonSchema = z.object({
  granule_key: z.string(),
  manifest_id: z.string(),
  processing_id: z.string(),
  /** Plot means by spectral index; old is the field. */
  plots: z.array(differenceSchema),
  /** Why plots were not compared; null where they were. */
  plots_skipped: z.string().nullable(),
  /** Means of three bands and NDVI over cells, where their pixels were among those that were read; old is the field. */
  cells: z.array(differenceSchema),
  /** Why cells were not compared; null where they were. */
  cells_skipped: z.string().nullable(),
  /** null where no cells were compared. */
  cell_facts: comparedCellFactsSchema.nullable(),
  /** Differences beyond tolerance, in words. */
  beyond: z.array(z.string()),
});

export type EdgeComparison = z.infer<typeof edgeComparisonSchema>;
/** What does not depend on whose granule it is. */
export type EdgeDifferences = Omit<EdgeComparison, 'granule_key' | 'manifest_id' | 'processing_id'>;
