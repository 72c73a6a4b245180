import {
  absorptionAt,
  carotenoidFeatures,
  chlorophyllFeatures,
  dryMatterFeatures,
  waterFeatures,
} from './absorption.ts';

/** What a leaf is made of, per leaf area. */
export interface LeafTraits {
  readonly chlorophyllUgCm2: number;
  readonly carotenoidUgCm2: number;
  /** Equivalent water thickness. */
  readonly waterCm: number;
  readonly dryMatterGCm2: number;
}

/** Scattering coefficient of one leaf thickness: chosen so that a leaf reflects and transmits about 46 % at 800 nm. */
const scattering = 1;

/** Absorption that no pigment explains; chosen, it keeps the near infrared of a dense canopy near 0.48. */
const baseAbsorption = 0.08;

/** Light is scattered to and fro inside a leaf: its path is longer than the leaf is thick. Chosen. */
const pathLengthening = 4;

/** Refractive index of the leaf surface. @source Allen, Gausman and Richardson (1970), JOSA 60(4): 1.4 for a maize leaf. */
const refractiveIndex = 1.4;

/** Fresnel reflectance at normal incidence, ((n - 1) / (n + 1))^2. */
const surfaceReflectance = ((refractiveIndex - 1) / (refractiveIndex + 1)) ** 2;

/**
 * Share of the light on a leaf that it does not absorb (reflectance + transmittance), 0..1.
 *
 * Kubelka-Munk for a layer of thickness 1 with absorption K and scattering S:
 *   a = 1 + K/S, b = sqrt(a^2 - 1)
 *   R = sinh(bS) / (a sinh(bS) + b cosh(bS)),  T = b / (a sinh(bS) + b cosh(bS))
 * under a surface that reflects as Fresnel says.
 *
 * @source Allen and Richardson (1968), Interaction of light with a plant canopy, JOSA 58(8), equations 4 to 6.
 */
export function leafAlbedo(traits: LeafTraits, wavelengthNm: number): number {
  const absorption =
    baseAbsorption +
    traits.chlorophyllUgCm2 * absorptionAt(chlorophyllFeatures, wavelengthNm) +
    traits.carotenoidUgCm2 * absorptionAt(carotenoidFeatures, wavelengthNm) +
    pathLengthening * traits.waterCm * absorptionAt(waterFeatures, wavelengthNm) +
    pathLengthening * traits.dryMatterGCm2 * absorptionAt(dryMatterFeatures, wavelengthNm);
  const a = 1 + absorption / scattering;
  const b = Math.sqrt(a * a - 1);
  const denominator = a * Math.sinh(b * scattering) + b * Math.cosh(b * scattering);
  const inside = (Math.sinh(b * scattering) + b) / denominator;
  return surfaceReflectance + (1 - surfaceReflectance) * inside;
}
