import type { Panel } from '#schemas/capture.ts';
import { CalibrationError, MissingFactError } from '../errors.ts';

/**
 * Panel reflectance at each band centre: the certificate's curve, linearly interpolated.
 *
 * @param panel One number for all wavelengths, or a curve (any order of wavelengths).
 * @param wavelengthNm Band centres, shape [bands]; only needed for a curve.
 * @returns 0..1, shape [bands]. Bands beyond the curve's ends get the value at the end, at most 20 nm away.
 * @throws CalibrationError when a band lies further outside; MissingFactError for a curve without wavelengths. Disposition: quarantine.
 */
export function panelReflectanceAt(
  panel: Panel,
  wavelengthNm: Float64Array | null,
  bandCount: number,
  where: string,
): Float64Array {
  if (typeof panel === 'number') return new Float64Array(bandCount).fill(panel);
  if (panel.wavelength_nm.length !== panel.reflectance.length) {
    throw new CalibrationError(
      `Expected as many panel reflectances as wavelengths, got ${panel.reflectance.length} and ${panel.wavelength_nm.length} (${where}).`,
      { where },
    );
  }
  if (wavelengthNm === null) {
    throw new MissingFactError(
      `Expected band wavelengths to look up the panel's curve, got none (${where}). Give --wavelengths FILE, or one number as panel reflectance.`,
      { where },
    );
  }
  const order = panel.wavelength_nm
    .map((_, index) => index)
    .sort((a, b) => panel.wavelength_nm[a]! - panel.wavelength_nm[b]!);
  const curveNm = order.map((index) => panel.wavelength_nm[index]!);
  const curve = order.map((index) => panel.reflectance[index]!);
  return wavelengthNm.map((nm) => interpolate(curveNm, curve, nm, where));
}

/** Curves that end a little inside the sensor's range are common; beyond this the panel's reflectance is unknown. */
const extrapolationNmMax = 20;

function interpolate(curveNm: readonly number[], curve: readonly number[], nm: number, where: string): number {
  const first = curveNm[0]!;
  const last = curveNm.at(-1)!;
  if (nm < first - extrapolationNmMax || nm > last + extrapolationNmMax) {
    throw new CalibrationError(
      `Expected a panel curve that covers ${nm.toFixed(1)} nm, got ${first} to ${last} nm (${where}).`,
      { where },
    );
  }
  if (nm <= first) return curve[0]!;
  if (nm >= last) return curve.at(-1)!;
  const upper = curveNm.findIndex((value) => value >= nm);
  const share = (nm - curveNm[upper - 1]!) / (curveNm[upper]! - curveNm[upper - 1]!);
  return curve[upper - 1]! + share * (curve[upper]! - curve[upper - 1]!);
}
