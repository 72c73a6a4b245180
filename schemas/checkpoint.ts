import { z } from 'zod';
import { dataFileSchema, objectVersionSchema } from './manifest.ts';

const countSchema = z.number().int().nonnegative();

/**
 * `control/checkpoints/...`: one segment of a cube is done and everything of it is stored. Its key has the processing id,
 * so that it fits exactly the inputs, options and algorithms that the segment was made with.
 */
export const checkpointSchema = z.strictObject({
  format_version: z.literal(1),
  /** Half-open tiles [tile_start, tile_end). */
  tile_start: countSchema,
  tile_end: countSchema,
  /** What the tiles were read from. Those of a raw cube wrote `bronze_objects` on their way. */
  source: z.enum(['cube', 'bronze']),
  bronze_objects: z.array(objectVersionSchema),
  /** Silver rows; both null when no pixel of the segment has a value. */
  data_file: dataFileSchema.nullable(),
  data_object: objectVersionSchema.nullable(),
  /** Index values of the pixels in plots, tile by tile; null for a cube without plots. */
  plots_object: objectVersionSchema.nullable(),
  counts: z.strictObject({
    pixel_count: countSchema,
    row_count: countSchema,
    saturated_pixel_count: countSchema,
    low_reference_pixel_count: countSchema,
  }),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;
