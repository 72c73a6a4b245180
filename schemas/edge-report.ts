import { z } from 'zod';

/** What the product of a made capture came to: `report` of a capture record. */
export const granuleReportSchema = z.object({
  part_count: z.number().int(),
  size_bytes: z.number(),
  row_count: z.number().int(),
  plot_row_count: z.number().int(),
  /** Bytes of the raw cube's values. */
  raw_bytes: z.number(),
  compression_ratio: z.number(),
  ndvi_mean: z.number().nullable(),
  /** Stored NDVI of cells against the mean of their pixels. */
  ndvi_rmse: z.number().nullable(),
  ndvi_max_error: z.number().nullable(),
  method: z.string(),
  warnings: z.array(z.string()),
});
export type GranuleReport = z.infer<typeof granuleReportSchema>;
