import { absorptionAt, waterFeatures } from './absorption.ts';

/** Clay minerals absorb near 2200 nm; depth and width chosen. */
const clayFeature = [{ centreNm: 2200, sigmaNm: 25, peak: 0.06 }];

/** Saturated soil keeps this share of its dry reflectance; chosen within the 0.4 to 0.6 that moist soils show. */
const saturatedShare = 0.5;

/** How fast soil darkens with volumetric water; chosen. */
const darkeningRate = 8;

/** Thickness of the water film on saturated soil's grains; chosen. */
const filmThicknessCm = 0.02;

/**
 * Reflectance of bare soil, 0..0.5: rises smoothly with wavelength (NDVI near 0.15), darkens with water, and shows the
 * water bands when moist.
 *   dry = 0.45 * (1 - exp(-(wavelength - 380) / 900)) + 0.012, less the clay feature        (chosen)
 *   wet = dry * (share + (1 - share) * exp(-rate * water)) * exp(-2 * absorption * film)
 *
 * @param waterVolumeFraction 0 (dry) to about 0.4 (saturated).
 * @source Lobell and Asner (2002), Moisture effects on soil reflectance, SSSAJ 66(3): exponential darkening; Bach and
 *   Mauser (1994), Modelling and model verification of the spectral reflectance of soils under varying moisture
 *   conditions, IGARSS: water film.
 */
export function soilReflectance(wavelengthNm: number, waterVolumeFraction: number): number {
  const rise = 0.45 * (1 - Math.exp(-(Math.max(wavelengthNm, 380) - 380) / 900)) + 0.012;
  const dry = rise * (1 - absorptionAt(clayFeature, wavelengthNm));
  const darkening = saturatedShare + (1 - saturatedShare) * Math.exp(-darkeningRate * waterVolumeFraction);
  const filmCm = filmThicknessCm * waterVolumeFraction;
  return dry * darkening * Math.exp(-2 * filmCm * absorptionAt(waterFeatures, wavelengthNm));
}
