import type { Capture } from '#schemas/capture.ts';
import type { CubeHeader, CubeReader } from '../../cube/cube.ts';
import { CalibrationError, MissingFactError } from '../../errors.ts';
import {
  type CalibrationCoefficients,
  coefficientsFromReferences,
  coefficientsFromScale,
} from '../../radiometry/coefficients.ts';
import { panelReflectanceAt } from '../../radiometry/panel.ts';
import { averageReference, type ReferenceMean } from '../../radiometry/reference-mean.ts';

export type CalibrationMethod = 'dark-white' | 'scaled-reflectance';

/** Open reference cubes of one capture; the caller closes them. */
export interface ReferenceReaders {
  readonly dark: CubeReader;
  readonly white: CubeReader;
  /** Dark at the white's integration time, where one was named. */
  readonly whiteDark: CubeReader | null;
}

export interface Calibration {
  readonly method: CalibrationMethod;
  readonly coefficients: CalibrationCoefficients;
  /** What was assumed or is odd, each a sentence. */
  readonly warnings: readonly string[];
}

/** How this cube becomes reflectance, from its own words and the capture; or an error that says what to give. */
export function methodOf(header: CubeHeader, hasReferences: boolean, where: string): CalibrationMethod {
  if (header.quantity === 'reflectance') return 'scaled-reflectance';
  if (hasReferences) return 'dark-white';
  const what = header.quantity === 'unknown' ? 'values of unknown meaning' : header.quantity;
  const remedy =
    header.quantity === 'radiance'
      ? 'Give dark and white references of the same units, or convert it to surface reflectance with an atmospheric model first.'
      : 'Give --dark FILE and --white FILE (dark and white in the capture sidecar), or --quantity reflectance if it is reflectance already.';
  throw new MissingFactError(
    `Expected references or reflectance, got ${what} without references (${where}). ${remedy}`,
    { where },
  );
}

/** 1 = good: what the file says, else all. */
export function goodBandsOf(header: CubeHeader): Uint8Array {
  return header.goodBands ?? new Uint8Array(header.bandCount).fill(1);
}

/** @throws CalibrationError, MissingFactError. Disposition: quarantine. */
export async function planCalibration(
  header: CubeHeader,
  capture: Capture,
  references: ReferenceReaders | null,
  where: string,
): Promise<Calibration> {
  const method = methodOf(header, references !== null, where);
  if (method === 'scaled-reflectance') return scaledReflectance(header, where);
  return darkWhite(header, capture, references!, where);
}

function scaledReflectance(header: CubeHeader, where: string): Calibration {
  const factor = header.scale?.factor ?? 1;
  const isInteger = !header.sampleType.startsWith('float');
  if (header.scale === null && isInteger) {
    throw new MissingFactError(
      `Expected a scale for reflectance stored as ${header.sampleType}, got none (${where}). Give --scale-factor, e.g. 0.0001.`,
      { where },
    );
  }
  const warnings = header.scale === null ? ['No scale in the file: stored values are taken as reflectance.'] : [];
  const coefficients = coefficientsFromScale({
    bandCount: header.bandCount,
    sampleCount: header.sampleCount,
    factor,
    offset: header.scale?.offset ?? 0,
    goodBands: goodBandsOf(header),
    saturationLevel: header.saturationLevel,
    fillValue: header.fillValue,
  });
  return { method: 'scaled-reflectance', coefficients, warnings };
}

async function darkWhite(
  header: CubeHeader,
  capture: Capture,
  references: ReferenceReaders,
  where: string,
): Promise<Calibration> {
  const warnings: string[] = [];
  const ratio = integrationTimeRatio(header, capture, references, warnings, where);
  const [darkMean, whiteMean] = [await mean(references.dark, header), await mean(references.white, header)];
  const whiteDark = references.whiteDark === null ? darkMean : await mean(references.whiteDark, header);
  for (const reference of [darkMean, whiteMean]) requireShapeOf(header, reference, where);
  if (capture.white?.panel === undefined) {
    warnings.push('No panel reflectance given: the white reference is taken as 1.0 at all wavelengths.');
  }
  const coefficients = coefficientsFromReferences(
    {
      dark: darkMean,
      white: whiteMean,
      whiteDark,
      panelReflectance: panelReflectanceAt(capture.white?.panel ?? 1, header.wavelengthNm, header.bandCount, where),
      integrationTimeRatio: ratio,
      goodBands: goodBandsOf(header),
      saturationLevel: header.saturationLevel,
      fillValue: header.fillValue,
    },
    where,
  );
  return { method: 'dark-white', coefficients, warnings };
}

function mean(reader: CubeReader, cube: CubeHeader): Promise<ReferenceMean> {
  return averageReference(reader, cube.saturationLevel, `reference ${reader.header.format}`);
}

/**
 * Integration time of the cube over that of the white reference. The dark signal has its own time in it, so each of cube
 * and white needs a dark of its own time.
 */
function integrationTimeRatio(
  header: CubeHeader,
  capture: Capture,
  references: ReferenceReaders,
  warnings: string[],
  where: string,
): number {
  const cubeMs = header.integrationTimeMs;
  const whiteMs = capture.white?.integration_time_ms ?? references.white.header.integrationTimeMs;
  const darkMs = capture.dark?.integration_time_ms ?? references.dark.header.integrationTimeMs;
  if (cubeMs === null || whiteMs === null) {
    warnings.push('Integration times are not all known: cube and white reference are taken to have the same.');
    return 1;
  }
  if (darkMs !== null && darkMs !== cubeMs) {
    throw new CalibrationError(
      `Expected a dark reference of the cube's integration time ${cubeMs} ms, got ${darkMs} ms (${where}). Give the dark that was taken with the cube's settings.`,
      { where },
    );
  }
  if (whiteMs !== cubeMs && references.whiteDark === null) {
    throw new CalibrationError(
      `Expected a dark reference for the white's integration time ${whiteMs} ms beside the cube's ${cubeMs} ms, got none (${where}). Give white.dark in the capture sidecar.`,
      { where },
    );
  }
  return cubeMs / whiteMs;
}

function requireShapeOf(header: CubeHeader, reference: ReferenceMean, where: string): void {
  if (header.bandCount === reference.bandCount && header.sampleCount === reference.sampleCount) return;
  throw new CalibrationError(
    `Expected references of ${header.bandCount} bands x ${header.sampleCount} samples like the cube, got ${reference.bandCount} x ${reference.sampleCount} (${where}). Use references taken with the cube's own binning and region of interest.`,
    { where },
  );
}
