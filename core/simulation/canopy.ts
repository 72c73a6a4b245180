import { type LeafTraits, leafAlbedo } from './leaf.ts';

/** Extinction of a canopy of black leaves in diffuse light; chosen within the 0.65 to 0.8 of spherical to horizontal leaves. */
const blackLeafExtinction = 0.7;

/** Sine of the solar elevation; chosen: 60 degrees, an hour from noon in early summer at 42 degrees north. */
const solarElevationSine = Math.sin((60 * Math.PI) / 180);

/** Two numbers per band say how a canopy of given leaves looks, whatever its leaf area. */
export interface CanopyOptics {
  /** Reflectance of an infinitely dense canopy, shape [bands]. */
  readonly denseReflectance: Float64Array;
  /** Extinction per unit of leaf area index, shape [bands]. */
  readonly extinction: Float64Array;
}

/**
 * Optics of a canopy of such leaves with spherical leaf angles:
 *   horizontal = (1 - sqrt(1 - albedo)) / (1 + sqrt(1 - albedo))
 *   dense      = horizontal * 2 / (1 + 1.6 sin(solar elevation))
 *   extinction = k * sqrt(1 - albedo)
 * @source Goudriaan (1977), Crop micrometeorology: a simulation study, Pudoc, Wageningen; Goudriaan and van Laar (1994),
 *   Modelling potential crop growth processes, chapter 6.
 */
export function canopyOptics(traits: LeafTraits, wavelengthNm: Float64Array): CanopyOptics {
  const denseReflectance = new Float64Array(wavelengthNm.length);
  const extinction = new Float64Array(wavelengthNm.length);
  for (let band = 0; band < wavelengthNm.length; band++) {
    const root = Math.sqrt(1 - leafAlbedo(traits, wavelengthNm[band]!));
    denseReflectance[band] = (((1 - root) / (1 + root)) * 2) / (1 + 1.6 * solarElevationSine);
    extinction[band] = blackLeafExtinction * root;
  }
  return { denseReflectance, extinction };
}

/**
 * Reflectance of a canopy over soil, with what the soil returns through the leaves (Beer-Lambert, down and up again):
 *   eta = (soil - dense) / (1 - dense * soil),  e = exp(-2 * extinction * leafAreaIndex)
 *   reflectance = (dense + eta * e) / (1 + dense * eta * e)
 * Without leaves it is the soil's, with very many the dense canopy's.
 * @source Goudriaan (1977), as for `canopyOptics`.
 */
export function canopyReflectance(dense: number, extinction: number, soil: number, leafAreaIndex: number): number {
  const returned = ((soil - dense) / (1 - dense * soil)) * Math.exp(-2 * extinction * leafAreaIndex);
  return (dense + returned) / (1 + dense * returned);
}
