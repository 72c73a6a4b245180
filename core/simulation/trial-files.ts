import type { SimulationOptions } from './options.ts';
import { plotRing, plotYieldTHa, type Trial } from './trial.ts';

/** Trait of the yields file. */
export const yieldTrait = 'grain_yield_t_ha';

/** Season of a trial: the year of its first date. */
export function seasonOf(options: SimulationOptions): string {
  return options.dates[0]!.slice(0, 4);
}

/** The plots as a GeoJSON FeatureCollection of polygons. @source RFC 7946. */
export function plotsGeoJson(options: SimulationOptions, trial: Trial): string {
  const features = trial.plots.map((plot) => ({
    type: 'Feature',
    id: plot.plotId,
    properties: {
      plot_id: plot.plotId,
      trial_id: options.trialId,
      crop: 'wheat',
      crop_row: plot.cropRow,
      field_column: plot.fieldColumn,
      germplasm: plot.germplasm.name,
      replicate: String(plot.replicate),
      block: `R${plot.replicate}`,
      entry_type: plot.germplasm.entryType,
    },
    geometry: { type: 'Polygon', coordinates: [plotRing(plot).map(([lon, lat]) => [round(lon), round(lat)])] },
  }));
  return `${JSON.stringify({ type: 'FeatureCollection', features })}\n`;
}

/** 1e-9 degrees is a tenth of a millimetre. */
function round(degrees: number): number {
  return Math.round(degrees * 1e9) / 1e9;
}

/** The harvest as CSV. @source RFC 4180. */
export function yieldsCsv(options: SimulationOptions, trial: Trial): string {
  const season = seasonOf(options);
  const rows = trial.plots.map((plot) => `${plot.plotId},${season},${yieldTrait},${plotYieldTHa(plot).toFixed(3)}`);
  return `${['plot_id,season,trait,value', ...rows].join('\r\n')}\r\n`;
}
