/** h c / k in nanometre kelvin. @source CODATA 2018: exact constants. */
const secondRadiationConstantNmK = 1.438776877e7;
const sunTemperatureK = 5772;

/** Depth of gas absorption on the way down: oxygen and water vapour; centres known, widths and depths chosen. */
const gasFeatures = [
  { centreNm: 761, sigmaNm: 3, depth: 0.9 },
  { centreNm: 820, sigmaNm: 10, depth: 0.15 },
  { centreNm: 940, sigmaNm: 18, depth: 0.7 },
  { centreNm: 1130, sigmaNm: 25, depth: 0.8 },
  { centreNm: 1390, sigmaNm: 40, depth: 5 },
  { centreNm: 1870, sigmaNm: 50, depth: 6 },
] as const;

/**
 * Photons of sunlight at the ground per nanometre, relative to their maximum (near 0.9 in the visible): a black body at
 * the sun's temperature, photons not energy, behind exp(-sum of gas depths).
 * @source Planck's law; 5772 K: IAU 2015 Resolution B3.
 */
export function sunlightPhotons(wavelengthNm: number): number {
  let depth = 0;
  for (const feature of gasFeatures) {
    const distance = (wavelengthNm - feature.centreNm) / feature.sigmaNm;
    depth += feature.depth * Math.exp(-0.5 * distance * distance);
  }
  return (planckPhotons(wavelengthNm) / planckPhotons(peakPhotonNm)) * Math.exp(-depth);
}

/** Maximum of the photon curve: hc / (3.9207 k T). */
const peakPhotonNm = secondRadiationConstantNmK / (3.92069 * sunTemperatureK);

function planckPhotons(wavelengthNm: number): number {
  return 1 / (wavelengthNm ** 4 * Math.expm1(secondRadiationConstantNmK / (wavelengthNm * sunTemperatureK)));
}

/** True where water vapour leaves too little light to measure the ground. @source EMIT L2A: 1325-1435 and 1770-1962 nm. */
export function isWaterVapourBand(wavelengthNm: number): boolean {
  return (wavelengthNm >= 1325 && wavelengthNm <= 1435) || (wavelengthNm >= 1770 && wavelengthNm <= 1962);
}
