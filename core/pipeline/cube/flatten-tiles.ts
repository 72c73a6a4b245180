import type { Granule } from '#schemas/manifest.ts';
import { goldPlotIndex, silverBands, silverReflectance } from '#schemas/tables.ts';
import type { CubeHeader } from '../../cube/cube.ts';
import { dayOfDate } from '../../day.ts';
import { CalibrationError } from '../../errors.ts';
import type { TilePool } from '../../ports/tile-pool.ts';
import { indexDefinitions } from '../../spectral-indices/index-definitions.ts';
import { resolveIndex } from '../../spectral-indices/resolve-index.ts';
import type { GranuleOutput, ProcessContext } from '../payload.ts';
import { type Row, stagedTable, stageRows } from '../stage-table.ts';
import { cubeIdentity } from './cube-granule.ts';
import { type CubePlots, noPlotInside } from './cube-plots.ts';
import { PlotIndexGatherer } from './plot-index-rows.ts';
import { type SilverColumns, silverColumnsOf } from './silver-layout.ts';
import { SilverStager } from './stage-silver.ts';
import {
  type BronzeSource,
  type CubeSource,
  type PixelCounts,
  type TileSetup,
  tileCountOf,
  tileGridOf,
} from './tile-setup.ts';

export interface FlattenRequest {
  readonly granule: Granule;
  readonly context: ProcessContext;
  readonly tilePool: TilePool;
  readonly header: CubeHeader;
  readonly goodBands: Uint8Array;
  readonly source: CubeSource | BronzeSource;
  readonly plots: CubePlots | null;
  readonly processingId: string;
}

/**
 * Runs all tiles of one cube and stages their silver rows, band facts and plot indices.
 *
 * @throws CalibrationError when no pixel of the cube has a value; GeometryError when no pixel lies in a plot. Disposition: quarantine.
 */
export async function flattenTiles(request: FlattenRequest): Promise<GranuleOutput> {
  const { granule, context, header, processingId, plots } = request;
  const identity = cubeIdentity(granule.granule_key);
  const where = granule.granule_key;
  const silver = silverColumnsOf(header.wavelengthNm, where);
  const setup = tileSetupOf(request, silver);
  const partition = { farm_id: identity.farmId, acquisition_date_day: dayOfDate(identity.date) };
  const stager = new SilverStager(context.warehouse, silver.layout.columns, partition, processingId);
  const gatherer = new PlotIndexGatherer(plots?.plots ?? [], setup.indices);
  const totals = { pixelCount: 0, rowCount: 0, saturatedPixelCount: 0, lowReferencePixelCount: 0 };
  try {
    await request.tilePool.process(setup, async (tile) => {
      if (tile.rowGroup !== null) await stager.append(tile.rowGroup);
      gatherer.add(tile);
      addCounts(totals, tile.counts);
      context.progress.report('Tile:Process:Done', {
        granule: where,
        done: tile.tileIndex + 1,
        total: tileCountOf(setup),
      });
      context.step(`tile:${tile.tileIndex}`);
    });
    requireValues(totals, gatherer, plots, where);
    const silverFiles = await stager.finish();
    context.step('stage');
    const rowIdentity = { ...identity, cubeId: identity.id, processingId, sensorId: header.sensorId };
    const fileName = `${processingId}.parquet`;
    const bandFile = await stageRows(
      context.warehouse,
      silverBands,
      partition,
      fileName,
      bandRows(rowIdentity, request, silver),
    );
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
      report: { ...reportOf(totals), plot_row_count: plotRows.length, band_count: header.bandCount },
    };
  } finally {
    await stager.abort();
  }
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

function addCounts(totals: { -readonly [K in keyof PixelCounts]: number }, counts: PixelCounts): void {
  totals.pixelCount += counts.pixelCount;
  totals.rowCount += counts.rowCount;
  totals.saturatedPixelCount += counts.saturatedPixelCount;
  totals.lowReferencePixelCount += counts.lowReferencePixelCount;
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
