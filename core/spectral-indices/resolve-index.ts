import type { IndexDefinition } from './index-definitions.ts';

/** An index on one cube: which bands serve its operands, or why it cannot be computed. */
export interface ResolvedIndex {
  readonly name: string;
  /** Position of the band for each operand; null when the sensor cannot give the index. */
  readonly bands: readonly number[] | null;
  /** Largest distance between an operand and its band in nm; null without bands. */
  readonly distanceNm: number | null;
  /** `R800=801.2;R670=669.4` */
  readonly bandsUsed: string | null;
  /** A sentence; null when there are bands. */
  readonly nullReason: string | null;
}

/**
 * Finds the nearest good band for each operand, within the index's tolerance. An index whose bands are missing is not
 * replaced by a look-alike.
 *
 * @param wavelengthNm Band centres, shape [bands], any order; null when unknown.
 * @param goodBands 1 = good, shape [bands].
 */
export function resolveIndex(
  definition: IndexDefinition,
  wavelengthNm: Float64Array | null,
  goodBands: Uint8Array,
): ResolvedIndex {
  const nothing = { name: definition.name, bands: null, distanceNm: null, bandsUsed: null };
  if (wavelengthNm === null) return { ...nothing, nullReason: 'the cube has no wavelengths' };
  const bands: number[] = [];
  let distanceNm = 0;
  for (const operandNm of definition.operandsNm) {
    const band = nearestGoodBand(wavelengthNm, goodBands, operandNm);
    const bandDistanceNm = band === null ? Number.POSITIVE_INFINITY : Math.abs(wavelengthNm[band]! - operandNm);
    if (band === null || bandDistanceNm > definition.toleranceNm) {
      const nearest =
        band === null ? 'there is no good band' : `the nearest good band is at ${wavelengthNm[band]!.toFixed(1)} nm`;
      return {
        ...nothing,
        nullReason: `no good band within ${definition.toleranceNm} nm of ${operandNm} nm: ${nearest}`,
      };
    }
    bands.push(band);
    distanceNm = Math.max(distanceNm, bandDistanceNm);
  }
  const bandsUsed = bands.map(
    (band, operand) => `R${definition.operandsNm[operand]}=${wavelengthNm[band]!.toFixed(1)}`,
  );
  return { name: definition.name, bands, distanceNm, bandsUsed: bandsUsed.join(';'), nullReason: null };
}

function nearestGoodBand(wavelengthNm: Float64Array, goodBands: Uint8Array, operandNm: number): number | null {
  let nearest: number | null = null;
  for (let band = 0; band < wavelengthNm.length; band++) {
    if (goodBands[band] !== 1) continue;
    if (nearest === null || Math.abs(wavelengthNm[band]! - operandNm) < Math.abs(wavelengthNm[nearest]! - operandNm)) {
      nearest = band;
    }
  }
  return nearest;
}
