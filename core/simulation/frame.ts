import type { AffineTransform } from '../cube/cube.ts';
import { fieldToUtm, type Trial } from './trial.ts';

/** Soil around the field that a flight covers, metres. */
const marginM = 0.75;
export const defaultPixelM = 0.15;

/** Where the pixels of one cube lie. */
export interface Frame {
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly pixelM: number;
  /** Counter-clockwise turn of the sample axis from east, degrees: ENVI's `rotation`. */
  readonly rotationDeg: number;
  /** Corner of the first pixel, rounded to millimetres as headers print it. */
  readonly eastM: number;
  readonly northM: number;
  readonly transform: AffineTransform;
}

/**
 * A frame centred on the field that holds all of it and a margin. Without a size it takes as many pixels of 0.15 m as it
 * needs; with one, square pixels as large as it needs.
 */
export function frameTheField(
  trial: Trial,
  rotationDeg: number,
  size: { readonly lineCount?: number | undefined; readonly sampleCount?: number | undefined },
): Frame {
  const turn = (rotationDeg * Math.PI) / 180;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const acrossM = trial.widthM * Math.abs(cos) + trial.lengthM * Math.abs(sin) + 2 * marginM;
  const alongM = trial.widthM * Math.abs(sin) + trial.lengthM * Math.abs(cos) + 2 * marginM;
  const pixelM = pixelSizeM(acrossM, alongM, size.lineCount, size.sampleCount);
  const sampleCount = size.sampleCount ?? wholePixels(acrossM / pixelM);
  const lineCount = size.lineCount ?? wholePixels(alongM / pixelM);
  const [centreEastM, centreNorthM] = fieldToUtm(trial.widthM / 2, trial.lengthM / 2);
  const halfAcrossM = (sampleCount * pixelM) / 2;
  const halfAlongM = (lineCount * pixelM) / 2;
  const eastM = roundMm(centreEastM - halfAcrossM * cos - halfAlongM * sin);
  const northM = roundMm(centreNorthM - halfAcrossM * sin + halfAlongM * cos);
  const transform = [pixelM * cos, pixelM * sin, eastM, pixelM * sin, -pixelM * cos, northM] as const;
  return { lineCount, sampleCount, pixelM, rotationDeg, eastM, northM, transform };
}

function pixelSizeM(acrossM: number, alongM: number, lineCount?: number, sampleCount?: number): number {
  if (lineCount === undefined && sampleCount === undefined) return defaultPixelM;
  const needed = Math.max(
    lineCount === undefined ? 0 : alongM / lineCount,
    sampleCount === undefined ? 0 : acrossM / sampleCount,
  );
  return Math.ceil(needed * 10_000) / 10_000;
}

function roundMm(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Rounds up, but takes 148.00000000000003 for 148. */
function wholePixels(count: number): number {
  return Math.ceil(count - 1e-6);
}
