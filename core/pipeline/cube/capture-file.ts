import { z } from 'zod';
import { type Capture, captureSchema } from '#schemas/capture.ts';
import type { CubeOverrides } from '../../cube/cube.ts';
import { FormatError } from '../../errors.ts';

/** @throws FormatError naming the field. Disposition: quarantine. */
export function parseCapture(bytes: Uint8Array, where: string): Capture {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new FormatError(`Expected a capture sidecar, got text that is not JSON (${where}).`, { where }, cause);
  }
  const parsed = captureSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join('.') || 'the document';
  throw new FormatError(
    `Expected a capture sidecar: ${field}: ${issue.message} (${where}).`,
    { where, field },
    z.prettifyError(parsed.error),
  );
}

/** The part of a capture sidecar that replaces facts of the cube file. */
export function overridesOf(capture: Capture): CubeOverrides {
  return {
    ...(capture.wavelengths_nm && { wavelengthNm: capture.wavelengths_nm }),
    ...(capture.fwhm_nm && { fwhmNm: capture.fwhm_nm }),
    ...(capture.good_bands && { goodBands: capture.good_bands }),
    ...(capture.fill_value !== undefined && { fillValue: capture.fill_value }),
    ...(capture.scale_factor !== undefined && { scaleFactor: capture.scale_factor }),
    ...(capture.offset !== undefined && { offset: capture.offset }),
    ...(capture.quantity && { quantity: capture.quantity }),
    ...(capture.georeference && { epsg: capture.georeference.epsg, transform: capture.georeference.transform }),
    ...(capture.acquired_at && { acquiredAt: new Date(capture.acquired_at).toISOString() }),
    ...(capture.integration_time_ms !== undefined && { integrationTimeMs: capture.integration_time_ms }),
    ...(capture.saturation_level !== undefined && { saturationLevel: capture.saturation_level }),
    ...(capture.sensor_id && { sensorId: capture.sensor_id }),
    ...(capture.dataset && { dataset: capture.dataset }),
  };
}
