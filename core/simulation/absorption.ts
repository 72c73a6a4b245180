/** A Gaussian absorption feature: peak * exp(-((wavelength - centre) / sigma)^2 / 2). */
export interface AbsorptionFeature {
  readonly centreNm: number;
  readonly sigmaNm: number;
  readonly peak: number;
}

/**
 * Specific absorption of chlorophyll a + b, cm2 per microgram, effective inside a leaf. Centres are the well-known
 * maxima of the two pigments; widths and peaks are chosen so that a leaf of 45 ug cm-2 keeps nine tenths of the red light
 * and a canopy of such leaves has its red edge near 720 nm. The wide feature at 600 nm stands for the many weak ones between blue and red.
 */
export const chlorophyllFeatures: readonly AbsorptionFeature[] = [
  { centreNm: 430, sigmaNm: 25, peak: 0.14 },
  { centreNm: 460, sigmaNm: 20, peak: 0.1 },
  { centreNm: 600, sigmaNm: 50, peak: 0.05 },
  { centreNm: 650, sigmaNm: 18, peak: 0.06 },
  { centreNm: 680, sigmaNm: 16, peak: 0.11 },
];

/** Specific absorption of carotenoids, cm2 per microgram; widths and peaks chosen. */
export const carotenoidFeatures: readonly AbsorptionFeature[] = [
  { centreNm: 450, sigmaNm: 25, peak: 0.1 },
  { centreNm: 485, sigmaNm: 15, peak: 0.08 },
];

/**
 * Absorption coefficient of liquid water, cm-1: Gaussians fitted by eye to the published curve (0.5 near 970 nm, 1.2 near
 * 1200, 30 near 1450, 5 near 1650, 120 near 1940, 17 near 2200, 100 near 2500).
 * @source Kou, Labrie and Chylek (1993), Refractive indices of water and ice in the 0.65- to 2.5-um spectral range,
 *   Applied Optics 32(19).
 */
export const waterFeatures: readonly AbsorptionFeature[] = [
  { centreNm: 970, sigmaNm: 25, peak: 0.45 },
  { centreNm: 1200, sigmaNm: 45, peak: 1.1 },
  { centreNm: 1450, sigmaNm: 45, peak: 28 },
  { centreNm: 1600, sigmaNm: 150, peak: 4 },
  { centreNm: 1940, sigmaNm: 50, peak: 110 },
  { centreNm: 2600, sigmaNm: 200, peak: 110 },
];

/** Specific absorption of dry matter (cellulose, lignin, protein), cm2 per gram; centres known, widths and peaks chosen. */
export const dryMatterFeatures: readonly AbsorptionFeature[] = [
  { centreNm: 1730, sigmaNm: 40, peak: 12 },
  { centreNm: 2100, sigmaNm: 80, peak: 25 },
  { centreNm: 2300, sigmaNm: 60, peak: 35 },
];

/** Sum of the features at one wavelength, in the unit of their peaks. */
export function absorptionAt(features: readonly AbsorptionFeature[], wavelengthNm: number): number {
  let sum = 0;
  for (const feature of features) {
    const distance = (wavelengthNm - feature.centreNm) / feature.sigmaNm;
    sum += feature.peak * Math.exp(-0.5 * distance * distance);
  }
  return sum;
}
