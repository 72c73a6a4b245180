import { z } from 'zod';

/** What is known of one sensor for a time: its bands, and the count at which it saturates. */
export const sensorProfileSchema = z.strictObject({
  sensor_id: z.string().min(1).max(64),
  version: z.string().optional(),
  saturation_level: z.number().positive().optional(),
  bands: z
    .array(
      z.strictObject({
        wavelength_nm: z.number().positive(),
        fwhm_nm: z.number().positive().optional(),
        good: z.boolean().optional(),
      }),
    )
    .min(1),
});

export type SensorProfile = z.infer<typeof sensorProfileSchema>;

/** @returns the profile, or a sentence that says what is wrong with it */
export function parseSensorProfile(text: string): SensorProfile | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return 'the text is not JSON';
  }
  const parsed = sensorProfileSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  return `${issue.path.join('.') || 'the document'}: ${issue.message}`;
}
