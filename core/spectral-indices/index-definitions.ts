/**
 * Narrow-band spectral indices. Definitions are data: operands by wavelength, and a formula over them. A name means one
 * formula only: the two indices that are both called NDWI have two names here.
 */
export interface IndexDefinition {
  readonly name: string;
  readonly title: string;
  /** Wanted band centres in nm, in the order in which `formula` takes them. */
  readonly operandsNm: readonly number[];
  /** A band farther than this from its operand does not count. */
  readonly toleranceNm: number;
  /** NaN where the index has no value for this pixel. Reflectances 0..1 nominal. */
  readonly formula: (a: number, b: number, c: number) => number;
  readonly source: string;
}

/** (a - b) / (a + b); no value where the sum is not positive, where the quotient is noise. */
function normalizedDifference(a: number, b: number): number {
  const sum = a + b;
  return sum > 0 ? (a - b) / sum : Number.NaN;
}

/** Below this red-edge difference a pixel is soil or water and the quotient of MTCI explodes. Chosen. */
const redEdgeDifferenceMin = 0.01;

export const indexDefinitions: readonly IndexDefinition[] = [
  {
    name: 'ndvi',
    title: 'Normalized difference vegetation index',
    operandsNm: [800, 670],
    toleranceNm: 10,
    formula: normalizedDifference,
    source: 'Rouse et al. 1974; narrow bands at 800 and 670 nm',
  },
  {
    name: 'ndwi_gao',
    title: 'Leaf water (Gao): liquid water in the canopy',
    operandsNm: [860, 1240],
    toleranceNm: 10,
    formula: normalizedDifference,
    source: 'Gao 1996, doi:10.1016/S0034-4257(96)00067-3',
  },
  {
    name: 'ndwi_mcfeeters',
    title: 'Open water (McFeeters)',
    operandsNm: [560, 860],
    toleranceNm: 10,
    formula: normalizedDifference,
    source: 'McFeeters 1996, doi:10.1080/01431169608948714',
  },
  {
    name: 'ndre',
    title: 'Normalized difference red edge',
    operandsNm: [790, 720],
    toleranceNm: 5,
    formula: normalizedDifference,
    source: 'Barnes et al. 2000',
  },
  {
    name: 'cire',
    title: 'Red-edge chlorophyll index',
    operandsNm: [800, 700],
    toleranceNm: 5,
    formula: (nearInfrared, redEdge) => (redEdge > 0 ? nearInfrared / redEdge - 1 : Number.NaN),
    source: 'Gitelson et al. 2003, doi:10.1078/0176-1617-00887',
  },
  {
    name: 'chlorophyll_mtci',
    title: 'Canopy chlorophyll, relative (MTCI)',
    operandsNm: [753.75, 708.75, 681.25],
    toleranceNm: 5,
    formula: (r754, r709, r681) => (r709 - r681 > redEdgeDifferenceMin ? (r754 - r709) / (r709 - r681) : Number.NaN),
    source: 'Dash and Curran 2004, doi:10.1080/0143116042000274015',
  },
];
