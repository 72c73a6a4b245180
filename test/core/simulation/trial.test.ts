import { describe, expect, it } from 'vitest';
import { germplasmOfTrial } from '#core/simulation/germplasm.ts';
import { standOn } from '#core/simulation/growth.ts';
import { defaultSimulation } from '#core/simulation/options.ts';
import {
  fieldToUtm,
  layTrial,
  type Plot,
  plotIndexAt,
  plotLengthM,
  plotWidthM,
  plotYieldTHa,
} from '#core/simulation/trial.ts';
import { plotsGeoJson, yieldsCsv } from '#core/simulation/trial-files.ts';

const trial = layTrial(defaultSimulation);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('a simulated trial', () => {
  it('has every entry once and every check twice in each replicate', () => {
    expect(trial.plots).toHaveLength((24 + 2 * 2) * 4);
    for (let replicate = 1; replicate <= 4; replicate++) {
      const names = trial.plots.filter((plot) => plot.replicate === replicate).map((plot) => plot.germplasm.name);
      for (const line of trial.germplasm) {
        const wanted = line.entryType === 'check' ? 2 : 1;
        expect(names.filter((name) => name === line.name)).toHaveLength(wanted);
      }
    }
  });

  it('randomises each replicate on its own', () => {
    const orders = [1, 2, 3, 4].map((replicate) =>
      trial.plots
        .filter((plot) => plot.replicate === replicate)
        .map((plot) => plot.germplasm.name)
        .join(),
    );
    expect(new Set(orders).size).toBe(4);
  });

  it('knows the plot under every place: centres, edges and alleys', () => {
    for (const [position, plot] of trial.plots.entries()) {
      const at = (eastM: number, northM: number, bufferM: number) =>
        plotIndexAt(trial, ...fieldToUtm(plot.eastM + eastM, plot.northM + northM), bufferM);
      expect(at(plotWidthM / 2, plotLengthM / 2, 0.15)).toBe(position);
      expect(at(0.05, 1, 0)).toBe(position);
      expect(at(0.05, 1, 0.15)).toBe(-1);
      expect(at(plotWidthM + 0.05, 1, 0)).toBe(-1);
      expect(at(0.5, plotLengthM + 0.05, 0)).toBe(-1);
    }
    expect(plotIndexAt(trial, ...fieldToUtm(-0.1, 1), 0)).toBe(-1);
    expect(plotIndexAt(trial, ...fieldToUtm(1, trial.lengthM + 0.1), 0)).toBe(-1);
  });

  it('leaves the end of a replicate bare when its plots do not fill the last field row', () => {
    const odd = layTrial({ ...defaultSimulation, entryCount: 25 });
    expect(odd.plots).toHaveLength(29 * 4);
    expect([...odd.plotAt].filter((plot) => plot === -1)).toHaveLength(4);
    expect(new Set(odd.plots.map((plot) => `${plot.cropRow}/${plot.fieldColumn}`)).size).toBe(29 * 4);
  });

  it('keeps the checks near zero and the classes apart', () => {
    const germplasm = germplasmOfTrial(5, 24);
    const checks = germplasm.filter((line) => line.entryType === 'check');
    expect(mean(checks.map((line) => line.advantageTHa))).toBeCloseTo(0, 12);
    const advantages = (truth: string) =>
      germplasm.filter((line) => line.truth === truth).map((line) => line.advantageTHa);
    expect(advantages('clearly better')).toHaveLength(6);
    expect(advantages('clearly worse')).toHaveLength(8);
    expect(Math.min(...advantages('clearly better'))).toBeGreaterThan(0.8);
    expect(Math.max(...advantages('clearly worse'))).toBeLessThan(-0.8);
    expect(Math.max(...advantages('near').map(Math.abs))).toBeLessThanOrEqual(0.3);
  });

  it('yields what the genes say, plus ground and noise of half a tonne at most on average', () => {
    for (const truth of ['clearly better', 'clearly worse'] as const) {
      for (const line of trial.germplasm.filter((one) => one.truth === truth)) {
        const plots = trial.plots.filter((plot) => plot.germplasm.name === line.name);
        const checks = trial.plots.filter((plot) => plot.germplasm.entryType === 'check');
        const difference = mean(plots.map(plotYieldTHa)) - mean(checks.map(plotYieldTHa));
        expect(Math.abs(difference - line.advantageTHa)).toBeLessThan(0.6);
        expect(Math.sign(difference)).toBe(Math.sign(line.advantageTHa));
      }
    }
  });

  it('grows more leaf, chlorophyll and water in better lines, and rises and falls over the season', () => {
    const plot = trial.plots[0]!;
    const standOf = (advantageTHa: number, day: number) =>
      standOn({ ...plot, germplasm: { ...plot.germplasm, advantageTHa } } satisfies Plot, day);
    for (const day of [45, 73, 95]) {
      expect(standOf(1, day).leafAreaIndex).toBeGreaterThan(standOf(-1, day).leafAreaIndex);
      expect(standOf(1, day).leaf.chlorophyllUgCm2).toBeGreaterThan(standOf(-1, day).leaf.chlorophyllUgCm2);
      expect(standOf(1, day).leaf.waterCm).toBeGreaterThan(standOf(-1, day).leaf.waterCm);
    }
    expect(standOf(0, 73).leafAreaIndex).toBeGreaterThan(standOf(0, 45).leafAreaIndex);
    expect(standOf(0, 110).leafAreaIndex).toBeLessThan(standOf(0, 73).leafAreaIndex);
  });
});

describe('the files of a simulated trial', () => {
  const plots = JSON.parse(plotsGeoJson(defaultSimulation, trial)) as {
    features: { properties: Record<string, unknown>; geometry: { type: string; coordinates: [number, number][][] } }[];
  };

  it('hold one counter-clockwise closed polygon per plot, of the plot its size', () => {
    expect(plots.features).toHaveLength(trial.plots.length);
    for (const { geometry } of plots.features) {
      const ring = geometry.coordinates[0]!;
      expect(ring).toHaveLength(5);
      expect(ring[4]).toEqual(ring[0]);
      // Shoelace in metres on the sphere: 111 132 m per degree of latitude near 42 degrees, 82 850 m of longitude.
      let twiceAreaM2 = 0;
      for (let corner = 0; corner < 4; corner++) {
        const [lon0, lat0] = ring[corner]!;
        const [lon1, lat1] = ring[corner + 1]!;
        twiceAreaM2 += ((lon0 + 93.6) * (lat1 - 42) - (lon1 + 93.6) * (lat0 - 42)) * 111_132 * 82_850;
      }
      expect(twiceAreaM2 / 2).toBeGreaterThan(3.55);
      expect(twiceAreaM2 / 2).toBeLessThan(3.65);
    }
  });

  it('say of each plot what the breeding analysis needs', () => {
    expect(plots.features[0]!.properties).toEqual({
      plot_id: 'p0001',
      trial_id: 'wheat-2025',
      crop: 'wheat',
      crop_row: 1,
      field_column: 1,
      germplasm: trial.plots[0]!.germplasm.name,
      replicate: '1',
      block: 'R1',
      entry_type: trial.plots[0]!.germplasm.entryType,
    });
  });

  it('hold one yield per plot', () => {
    const lines = yieldsCsv(defaultSimulation, trial).trimEnd().split('\r\n');
    expect(lines[0]).toBe('plot_id,season,trait,value');
    expect(lines).toHaveLength(1 + trial.plots.length);
    expect(lines[1]).toBe(`p0001,2025,grain_yield_t_ha,${plotYieldTHa(trial.plots[0]!).toFixed(3)}`);
  });
});
