import type { RawKey } from '#schemas/object-keys.ts';
import { refPlots } from '#schemas/tables.ts';
import { transformer, wgs84 } from '../../cube/coordinate-system.ts';
import { plotFileBytesMax } from '../../limits.ts';
import { type Plot, type PlotSet, parsePlotSet } from '../../plots/plot-set.ts';
import type { Payload } from '../payload.ts';
import type { Row } from '../stage-table.ts';
import { oneFilePayload } from './one-file-payload.ts';

/** Plot sets: one GeoJSON file becomes rows of ref.plots. */
export const plotsPayload: Payload = oneFilePayload({
  name: 'plot-set',
  prefix: 'plot_sets',
  extension: 'geojson',
  table: refPlots,
  sizeBytesMax: plotFileBytesMax,
  rows: (text, key, where) => plotRows(parsePlotSet(text, where), key),
});

function plotRows(plotSet: PlotSet, key: RawKey): Row[] {
  const toWgs84 = transformer(plotSet.crs, wgs84);
  return plotSet.plots.map((plot) => {
    const polygons = plot.polygons.map((rings) => rings.map((ring) => ring.map(([x, y]) => toWgs84(x, y))));
    const outside = polygons.flatMap((rings) => rings[0]!.slice(0, -1));
    return {
      farm_id: key.farmId,
      plot_set_id: key.id,
      ...plotColumns(plot),
      // Mean of the corners: good enough to put a label; areas are never computed from it.
      lon: outside.reduce((sum, [lon]) => sum + lon, 0) / outside.length,
      lat: outside.reduce((sum, [, lat]) => sum + lat, 0) / outside.length,
      polygon: JSON.stringify({ type: 'MultiPolygon', coordinates: polygons }),
    };
  });
}

function plotColumns(plot: Plot): Row {
  return {
    plot_id: plot.plotId,
    trial_id: plot.trialId,
    crop: plot.crop,
    crop_row: plot.cropRow,
    field_column: plot.fieldColumn,
    germplasm: plot.germplasm,
    replicate: plot.replicate,
    block: plot.block,
    entry_type: plot.entryType,
  };
}
