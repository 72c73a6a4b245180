import { goldPlotIndex, silverBands, silverReflectance } from '#schemas/tables.ts';
import { dayOfDate } from '../../day.ts';
import { CalibrationError } from '../../errors.ts';
import { indexDefinitions } from '../../spectral-indices/index-definitions.ts';
import { resolveIndex } from '../../spectral-indices/resolve-index.ts';
import type { GranuleOutput } from '../payload.ts';
import { type Row, stagedTable, stageRows } from '../stage-table.ts';
import { cubeIdentity } from './cube-granule.ts';
import { type CubePlots, noPlotInside } from './cube-plots.ts';
import { PlotIndexGatherer } from './plot-index-rows.ts';
import { type SilverColumns, silverColumnsOf } from './silver-layout.ts';
import { type FlattenRequest, partitionOf, stageTiles } from './stage-tiles.ts';
import { type PixelCounts, type TileSetup, tileGridOf } from './tile-setup.ts';

/**
 * Runs the tiles of one cube and stages their silver rows, band facts and plot indices. Goes on at the last checkpoint that
 * an earlier attempt has left; the bytes are the same.
 *
 * @throws CalibrationError when no pixel of the cube has a value; GeometryError when no pixel lies in a plot. Disposition: quarantine.
 */
export async function flattenTiles(request: FlattenRequest): Promise<GranuleOutput> {
  const { granule, context, header, processingId, plots } = request;
  const where = granule.granule_key;
  const silver = silverColumnsOf(header.wavelengthNm, where);
  const setup = tileSetupOf(request, silver);
  const gatherer = new PlotIndexGatherer(plots?.plots ?? [], setup.indices);
  const { totals, silverFiles, segmentCount, resumedTile } = await stageTiles(request, silver, setup, gatherer);
  requireValues(totals, gatherer, plots, where);
  context.step('stage');
  const { id, ...identity } = cubeIdentity(where);
  const partition = partitionOf(request);
  const rowIdentity = { ...identity, cubeId: id, processingId, sensorId: header.sensorId };
  const fileName = `${processingId}.parquet`;
  const bands = bandRows(rowIdentity, request, silver);
  const bandFile = await stageRows(context.warehouse, silverBands, partition, fileName, bands);
  const plotRows = gatherer.rows(rowIdentity);
  const plotFiles =
    plotRows.length === 0 ? [] : [await stageRows(context.warehouse, goldPlotIndex, partition, fileName, plotRows)];
  const extraColumns = silver.bandColumns.map(({ id, name, doc }) => ({ id, name, type: 'float' as const, doc }));
  return {
    processingId,
    tables: [
      { ...stagedTable(silverReflectance, silverFiles), extra_columns: extraColumns },
      stagedTable(silverBands, [bandFile]),
      stagedTable(goldPlotIndex, plotFiles),
    ],
    report: {
      ...reportOf(totals),
      plot_row_count: plotRows.length,
      band_count: header.bandCount,
      segment_count: segmentCount,
      ...(resumedTile > 0 && { resumed_tile: resumedTile }),
    },
  };
}

function tileSetupOf(request: FlattenRequest, silver: SilverColumns): TileSetup {
  const { header, goodBands, source, plots, granule, processingId } = request;
  const { acquiredAt } = header;
  const identity = cubeIdentity(granule.granule_key);
  return {
    source,
    ...tileGridOf(header),
    goodBands,
    georeference: header.georeference,
    placed: plots?.placed ?? null,
    plotIds: plots?.plots.map((plot) => plot.plotId) ?? [],
    indices: indexDefinitions.map((definition) => resolveIndex(definition, header.wavelengthNm, goodBands)),
    silver: {
      ...silver.layout,
      farmId: identity.farmId,
      acquisitionDay: dayOfDate(identity.date),
      acquiredAtMicros: acquiredAt === null ? null : BigInt(Date.parse(acquiredAt)) * 1000n,
      cubeId: identity.id,
      processingId,
      sensorId: header.sensorId,
    },
  };
}

function requireValues(totals: PixelCounts, gatherer: PlotIndexGatherer, plots: CubePlots | null, where: string): void {
  if (totals.rowCount === 0) {
    throw new CalibrationError(
      `Expected pixels with a value, got none among ${totals.pixelCount} (${where}). The cube holds only fill values or NaN; check the file and its fill value.`,
      { where },
    );
  }
  if (plots !== null && gatherer.pixelCount === 0) {
    throw noPlotInside(
      where,
      plots.key,
      `no pixel lies in any of ${plots.plots.length} plots after a buffer of ${plots.placed.bufferM} m`,
    );
  }
}

function bandRows(
  identity: { farmId: string; date: string; cubeId: string; processingId: string; sensorId: string | null },
  { header, goodBands }: FlattenRequest,
  silver: SilverColumns,
): Row[] {
  return Array.from({ length: header.bandCount }, (_, band) => ({ band, column: silver.columnOfBand[band]! }))
    .filter(({ column }) => column !== null)
    .map(({ band, column }) => ({
      farm_id: identity.farmId,
      acquisition_date: dayOfDate(identity.date),
      cube_id: identity.cubeId,
      processing_id: identity.processingId,
      sensor_id: identity.sensorId,
      band,
      column_name: column,
      wavelength_nm: header.wavelengthNm![band]!,
      fwhm_nm: header.fwhmNm?.[band] ?? null,
      good: goodBands[band] === 1,
    }));
}

function reportOf(totals: PixelCounts): Record<string, number> {
  return {
    pixel_count: totals.pixelCount,
    row_count: totals.rowCount,
    saturated_pixel_count: totals.saturatedPixelCount,
    low_reference_pixel_count: totals.lowReferencePixelCount,
  };
}
