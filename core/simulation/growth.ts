import type { LeafTraits } from './leaf.ts';
import type { Plot } from './trial.ts';

/** What grows in a plot on one day. */
export interface Stand {
  readonly leafAreaIndex: number;
  readonly leaf: LeafTraits;
}

/** Days from emergence to the first date; chosen: stem elongation of spring wheat. */
export const firstFlightDay = 45;

/** Leaf area index of a check at its fullest, and by how much of it a t/ha of yield moves it. Chosen. */
const fullLeafAreaIndex = 4.2;
const leafAreaPerTHa = 0.11;
/** Standard deviation of a plot's leaf area around its expectation; chosen. */
const vigourSd = 0.03;

/**
 * The stand of a plot, so many days after emergence. Leaf area rises and falls as two logistic curves; chlorophyll and
 * leaf water decline with age. Better genetic lines have more leaf area, more chlorophyll, keep it longer and hold more
 * water: yield and spectra tell the same truth, each with its own noise.
 * @source Curve shape: Zhang et al. (2003), Monitoring vegetation phenology using MODIS, Remote Sensing of Environment
 *   84(3); all numbers chosen.
 */
export function standOn(plot: Plot, daysAfterEmergence: number): Stand {
  const advantage = plot.germplasm.advantageTHa;
  const rise = logistic((daysAfterEmergence - 52) / 9);
  const fall = 1 - logistic((daysAfterEmergence - (105 + 3 * advantage)) / 7);
  const fertility = 1 + leafAreaPerTHa * advantage + 0.05 * plot.groundTHa + vigourSd * plot.vigour;
  const chlorophyllUgCm2 = Math.max(5, (42 + 3 * advantage) * (0.4 + 0.6 * fall));
  return {
    leafAreaIndex: Math.max(0.05, fullLeafAreaIndex * rise * fall * fertility),
    leaf: {
      chlorophyllUgCm2,
      carotenoidUgCm2: 0.2 * chlorophyllUgCm2,
      waterCm: Math.max(0.003, (0.014 + 0.001 * advantage) * (0.6 + 0.4 * fall)),
      dryMatterGCm2: 0.005,
    },
  };
}

/** Volumetric water of the bare soil on a date: drier as the season goes on. Chosen. */
export function soilWaterOn(daysAfterEmergence: number): number {
  return 0.08 + 0.12 * (1 - logistic((daysAfterEmergence - 60) / 15));
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
