import { describe, expect, it } from 'vitest';
import { canopyOptics, canopyReflectance } from '#core/simulation/canopy.ts';
import { leafAlbedo } from '#core/simulation/leaf.ts';
import { soilReflectance } from '#core/simulation/soil.ts';
import { sunlightPhotons } from '#core/simulation/sunlight.ts';
// Written by spectra.py: differential equations by matrix exponentials, not the closed forms under test.
import expected from '../../fixtures/simulation/spectra.expected.json' with { type: 'json' };

const soilWater = 0.1;
const leaf = expected.traits;

function reflectanceAt(wavelengthNm: number, leafAreaIndex: number, traits = leaf): number {
  const optics = canopyOptics(traits, Float64Array.of(wavelengthNm));
  const soil = soilReflectance(wavelengthNm, soilWater);
  return canopyReflectance(optics.denseReflectance[0]!, optics.extinction[0]!, soil, leafAreaIndex);
}

function ndvi(leafAreaIndex: number, traits = leaf): number {
  const r800 = reflectanceAt(800, leafAreaIndex, traits);
  const r670 = reflectanceAt(670, leafAreaIndex, traits);
  return (r800 - r670) / (r800 + r670);
}

/** Wavelength of the steepest rise between 650 and 800 nm. */
function redEdgeNm(chlorophyllUgCm2: number): number {
  let steepestNm = 0;
  let steepest = 0;
  for (let nm = 650; nm < 800; nm++) {
    const rise =
      reflectanceAt(nm + 1, 3, { ...leaf, chlorophyllUgCm2 }) - reflectanceAt(nm, 3, { ...leaf, chlorophyllUgCm2 });
    if (rise > steepest) {
      steepest = rise;
      steepestNm = nm + 0.5;
    }
  }
  return steepestNm;
}

describe('simulated spectra', () => {
  it.each(expected.wavelengthNm.map((nm, position) => [nm, position] as const))(
    'solve the equations of leaf, soil and canopy at %i nm',
    (nm, position) => {
      expect(leafAlbedo(leaf, nm)).toBeCloseTo(expected.leafAlbedo[position]!, 10);
      expect(soilReflectance(nm, expected.soilWater)).toBeCloseTo(expected.soil[position]!, 12);
      expect(reflectanceAt(nm, expected.leafAreaIndex)).toBeCloseTo(expected.canopy[position]!, 10);
    },
  );

  it('are the soil without leaves and the dense canopy with very many', () => {
    const optics = canopyOptics(leaf, Float64Array.of(800));
    expect(reflectanceAt(800, 0)).toBeCloseTo(soilReflectance(800, soilWater), 12);
    expect(reflectanceAt(800, 1000)).toBeCloseTo(optics.denseReflectance[0]!, 12);
  });

  it('give NDVI near 0.15 for soil, rising with every bit of leaf area to about 0.9', () => {
    const values = [0, 0.25, 0.5, 1, 2, 3, 4, 6].map((leafAreaIndex) => ndvi(leafAreaIndex));
    for (let position = 1; position < values.length; position++) {
      expect(values[position]!).toBeGreaterThan(values[position - 1]!);
    }
    expect(values[0]).toBeGreaterThan(0.1);
    expect(values[0]).toBeLessThan(0.2);
    expect(values.at(-1)).toBeGreaterThan(0.88);
    expect(values.at(-1)).toBeLessThan(0.94);
  });

  it('move the red edge to longer wavelengths with chlorophyll', () => {
    const edges = [15, 30, 45, 60, 80].map(redEdgeNm);
    expect(edges).toEqual([...edges].sort((a, b) => a - b));
    expect(new Set(edges).size).toBe(5);
    expect(edges[0]).toBeGreaterThan(700);
    expect(edges.at(-1)).toBeLessThan(735);
  });

  it.each([970, 1200, 1450, 1940])('deepen the water band at %i nm with leaf water', (nm) => {
    const depths = [0.005, 0.01, 0.02, 0.04].map((waterCm) => 1 - reflectanceAt(nm, 4, { ...leaf, waterCm }));
    for (let position = 1; position < depths.length; position++) {
      expect(depths[position]!).toBeGreaterThan(depths[position - 1]!);
    }
  });

  it('leave red light alone when only water changes', () => {
    expect(reflectanceAt(670, 4, { ...leaf, waterCm: 0.04 })).toBeCloseTo(reflectanceAt(670, 4), 6);
  });

  it('darken soil with water at every wavelength', () => {
    for (let nm = 400; nm <= 2500; nm += 25) expect(soilReflectance(nm, 0.3)).toBeLessThan(soilReflectance(nm, 0.05));
  });

  it('stay between 0 and 0.6 from 380 to 2515 nm for soils and canopies of all kinds', () => {
    for (let nm = 380; nm <= 2515; nm += 5) {
      for (const leafAreaIndex of [0, 0.3, 1, 3, 8]) {
        for (const chlorophyllUgCm2 of [5, 45, 90]) {
          const value = reflectanceAt(nm, leafAreaIndex, { ...leaf, chlorophyllUgCm2 });
          expect(value).toBeGreaterThan(0);
          expect(value).toBeLessThan(0.6);
        }
      }
    }
  });

  it('are lit by most photons in the visible and fewest inside the gas bands', () => {
    const best = Math.max(...Array.from({ length: 2100 }, (_, position) => sunlightPhotons(400 + position)));
    expect(best).toBeLessThanOrEqual(1);
    expect(sunlightPhotons(761)).toBeLessThan(0.5 * sunlightPhotons(750));
    expect(sunlightPhotons(1390)).toBeLessThan(0.02 * sunlightPhotons(1250));
  });
});
