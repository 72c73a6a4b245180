import type { GranuleReport } from '#schemas/edge-report.ts';
import type { Granule } from '#schemas/manifest.ts';
import type { CubeHeader, CubeReader } from '../cube/cube.ts';
import { CalibrationError, NotFoundError, TemporaryError } from '../errors.ts';
import { openCube } from '../formats/open-cube.ts';
import { type Calibration, goodBandsOf } from '../pipeline/cube/calibration-plan.ts';
import { overridesOf } from '../pipeline/cube/capture-file.ts';
import { assembleCube, cubeIdentity } from '../pipeline/cube/cube-granule.ts';
import * as inputsOf from '../pipeline/cube/cube-inputs.ts';
import { type CubePlots, noPlotInside } from '../pipeline/cube/cube-plots.ts';
import { calibrationOfCube, plotsOfCube } from '../pipeline/cube/plan-cube.ts';
import { PlotIndexGatherer } from '../pipeline/cube/plot-index-rows.ts';
import type { CaptureIndex } from '../ports/capture-index.ts';
import type { Hdf5Opener } from '../ports/hdf5-file.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';
import type { Progress } from '../ports/progress.ts';
import type { SpoolKind } from '../ports/spool-index.ts';
import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import { resolveIndex } from '../spectral-indices/resolve-index.ts';
import { edgeFigures } from './edge-figures.ts';
import { edgeProcessingId } from './edge-processing.ts';
import { type EdgeSettings, makeEdgeProduct } from './edge-product.ts';
import { plotParts, plotValuesOf } from './plot-parts.ts';
import { Quicklook } from './quicklook.ts';
import type { Spool } from './spool.ts';

export interface GranuleMaking {
  /** Laid out by raw keys. */
  readonly raw: ObjectStore;
  readonly spool: Spool;
  readonly captures: CaptureIndex;
  readonly openHdf5: Hdf5Opener;
  readonly deviceId: string;
  readonly settings: EdgeSettings;
  readonly progress: Progress;
  /** Between two tiles: lets others have a turn. A throw ends the making, which begins again another time. */
  readonly betweenTiles: () => Promise<void>;
}

/**
 * Makes the product of a captured granule and puts it into the spool; the last step releases its parts and marks it made.
 * Cut off anywhere before, it begins again with nothing left of the first attempt.
 *
 * @throws the readers' and calibration's errors for a bad cube (quarantine); TemporaryError without room on the disk.
 */
export async function makeGranule(granuleKey: string, making: GranuleMaking): Promise<GranuleReport> {
  const { spool, captures } = making;
  await spool.discardUnreleased(granuleKey);
  const keep: Keep = async (kind, bytes) => void (await spool.add(kind, granuleKey, bytes));
  const report = await productOf(granuleKey, making, keep);
  captures.markMade(granuleKey, JSON.stringify(report));
  return report;
}

/**
 * Writes anew the payloads of a granule that are still in the spool, of which the disk has damaged some. The same raw cube
 * gives the same bytes, unless the settings or the program have changed since: then nothing changes.
 *
 * @returns Content ids of what was written.
 * @throws as `makeGranule`
 */
export async function remakeParts(granuleKey: string, making: GranuleMaking): Promise<ReadonlySet<string>> {
  const restored = new Set<string>();
  await productOf(granuleKey, making, async (_, bytes) => {
    const contentId = await making.spool.restore(bytes);
    if (contentId !== null) restored.add(contentId);
  });
  return restored;
}

/** Takes a payload of the granule that is being made. */
type Keep = (kind: SpoolKind, bytes: Uint8Array) => Promise<void>;

/** @returns What the product came to; its payloads went to `keep`, plots after cells. */
async function productOf(granuleKey: string, making: GranuleMaking, keep: Keep): Promise<GranuleReport> {
  const { raw, openHdf5 } = making;
  const granule = await granuleOf(raw, granuleKey);
  const capture = await inputsOf.readCapture(raw, granule);
  const inputs = await inputsOf.resolveInputs(raw, capture);
  const sources = await inputsOf.openParts(raw, inputsOf.cubeParts(granule));
  const reader = await openCube(sources, { overrides: overridesOf(capture), openHdf5 });
  try {
    await inputsOf.verifyChecksums(capture, sources);
    const facts = { raw, capture, inputs, granuleKey };
    const calibration = await calibrationOfCube(reader.header, facts, openHdf5);
    const plots = await plotsOfCube(reader.header, facts);
    return await productOfCube(granuleKey, making, keep, reader, calibration, plots);
  } finally {
    await reader.close();
  }
}

async function granuleOf(raw: ObjectStore, granuleKey: string): Promise<Granule> {
  const objects: ObjectFacts[] = [];
  for await (const object of raw.list(`${granuleKey}.`)) objects.push(object);
  const assembly = assembleCube(granuleKey, objects);
  if (assembly.state !== 'ready') {
    throw new NotFoundError(
      `Expected the files of ${granuleKey} in the raw store, got no ${assembly.missing}. Capture it again under another name.`,
      { granuleKey },
    );
  }
  const parts = assembly.parts.map(({ key, etag, sizeBytes }) => ({ key, etag, size_bytes: sizeBytes }));
  return { payload: 'hyperspectral-cube', granule_key: granuleKey, granule_version_id: '', parts };
}

async function productOfCube(
  granuleKey: string,
  { deviceId, settings, progress, betweenTiles }: GranuleMaking,
  keep: Keep,
  reader: CubeReader,
  calibration: Calibration,
  plots: CubePlots | null,
): Promise<GranuleReport> {
  const { header } = reader;
  const goodBands = goodBandsOf(header);
  const indices = indexDefinitions.map((definition) => resolveIndex(definition, header.wavelengthNm, goodBands));
  const gatherer = new PlotIndexGatherer(plots?.plots ?? [], indices);
  const quicklook = new Quicklook(header, indices);
  const identity = { granule_key: granuleKey, device: deviceId };
  const { rawBytes, modes } = await makeEdgeProduct({
    reader,
    calibration,
    plots,
    modes: ['cells'],
    settings,
    facts: { ...identity, ...factsOf(header) },
    onPart: async (_, { bytes }) => keep('cells', bytes),
    onTile: async (tile) => {
      gatherer.add(plotValuesOf(tile));
      quicklook.add(tile);
      await betweenTiles();
    },
    progress,
    where: granuleKey,
  });
  const figures = edgeFigures(modes[0]!, rawBytes);
  requireValues(figures.row_count, gatherer.pixelCount, plots, settings.ndviMin, granuleKey);
  const { id, ...place } = cubeIdentity(granuleKey);
  const processingId = edgeProcessingId(granuleKey);
  const plotRows = gatherer.rows({ ...place, cubeId: id, processingId, sensorId: header.sensorId });
  const ofPlots = plotParts(plotRows, { ...identity, mode: 'plots' }, settings.partBytesMax);
  for (const bytes of ofPlots) await keep('plots', bytes);
  await keepQuicklook(keep, granuleKey, quicklook);
  const sizeBytes = figures.size_bytes + ofPlots.reduce((sum, { length }) => sum + length, 0);
  return {
    part_count: figures.part_count + ofPlots.length,
    size_bytes: sizeBytes,
    row_count: figures.row_count,
    plot_row_count: plotRows.length,
    raw_bytes: rawBytes,
    compression_ratio: rawBytes / sizeBytes,
    ndvi_mean: quicklook.ndviMean,
    ndvi_rmse: figures.ndvi_rmse,
    ndvi_max_error: figures.ndvi_max_error,
    method: calibration.method,
    warnings: [...header.warnings, ...calibration.warnings],
  };
}

/** What every part says of its cube (schemas/edge-messages.ts). */
function factsOf({ acquiredAt, sensorId, georeference, lineCount, sampleCount }: CubeHeader) {
  const isStraight = georeference !== null && georeference.kind === 'affine';
  return {
    acquired_at: acquiredAt,
    sensor_id: sensorId,
    georeference: isStraight ? { crs: georeference.crs.definition, transform: georeference.transform } : null,
    line_count: lineCount,
    sample_count: sampleCount,
  };
}

function requireValues(
  rowCount: number,
  plotPixelCount: number,
  plots: CubePlots | null,
  ndviMin: number | null,
  where: string,
): void {
  if (rowCount === 0) {
    const why =
      ndviMin === null
        ? 'The cube holds only fill values or NaN; check the file and its fill value'
        : `No pixel reaches an NDVI of ${ndviMin}; give a lower --ndvi-min`;
    throw new CalibrationError(`Expected pixels with a value, got none (${where}). ${why}.`, { where });
  }
  if (plots !== null && plotPixelCount === 0) {
    const detail = `no pixel lies in any of ${plots.plots.length} plots after a buffer of ${plots.placed.bufferM} m`;
    throw noPlotInside(where, plots.key, detail);
  }
}

/** A full spool has no room for pictures; the product goes on without. */
async function keepQuicklook(keep: Keep, granuleKey: string, quicklook: Quicklook): Promise<void> {
  const png = quicklook.png(granuleKey);
  if (png === null) return;
  await keep('preview', png).catch((error: unknown) => {
    if (!(error instanceof TemporaryError)) throw error;
  });
}
