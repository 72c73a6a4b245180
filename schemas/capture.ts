import { z } from 'zod';

/** Panel reflectance: one number for all wavelengths, or the certificate's curve. */
export const panelSchema = z.union([
  z.number().gt(0).max(1.5),
  z.strictObject({
    wavelength_nm: z.array(z.number().positive()).min(2),
    reflectance: z.array(z.number().min(0).max(1.5)).min(2),
  }),
]);

const referenceSchema = z.strictObject({
  /** Raw key of the reference cube's main object (ENVI: the .hdr). */
  key: z.string(),
  integration_time_ms: z.number().positive().optional(),
});

/**
 * `{cube_id}.capture.json`: what the files themselves do not say about one acquisition. Every field is optional and wins
 * over the file.
 */
export const captureSchema = z.strictObject({
  sensor_id: z.string().min(1).max(64).optional(),
  /** ISO 8601 with offset or Z. */
  acquired_at: z.iso.datetime({ offset: true }).optional(),
  quantity: z.enum(['counts', 'radiance', 'reflectance']).optional(),
  integration_time_ms: z.number().positive().optional(),
  saturation_level: z.number().positive().optional(),
  dark: referenceSchema.optional(),
  /** `dark` inside `white` is the dark taken at the white's own integration time, where that differs from the cube's. */
  white: referenceSchema.extend({ panel: panelSchema.optional(), dark: referenceSchema.optional() }).optional(),
  /** Raw key of the plot set's GeoJSON. */
  plots: z.string().optional(),
  /** Metres to leave off along each plot's edge. */
  plot_buffer_m: z.number().min(0).max(100).optional(),
  wavelengths_nm: z.array(z.number().positive()).optional(),
  fwhm_nm: z.array(z.number().positive()).optional(),
  good_bands: z.array(z.union([z.literal(0), z.literal(1)])).optional(),
  fill_value: z.number().optional(),
  scale_factor: z.number().positive().optional(),
  offset: z.number().optional(),
  /** Path of the 3-D dataset inside an HDF5 or NetCDF file. */
  dataset: z.string().optional(),
  georeference: z
    .strictObject({
      epsg: z.number().int().positive(),
      /** x = a*sample + b*line + c, y = d*sample + e*line + f */
      transform: z
        .tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()])
        .refine(
          ([a, b, , d, e]) => a * e - b * d !== 0,
          'Expected pixels with an area, got a transform of determinant 0',
        ),
    })
    .optional(),
  /** File name -> lower-case hex SHA-256 of a part. */
  sha256: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).optional(),
});

export type Capture = z.infer<typeof captureSchema>;
export type Panel = z.infer<typeof panelSchema>;
