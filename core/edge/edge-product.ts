import { bandColumns } from '#schemas/band-column.ts';
import type { CubeReader } from '../cube/cube.ts';
import { sampleBytes } from '../cube/sample-array.ts';
import { CalibrationError, MissingFactError } from '../errors.ts';
import { type Calibration, goodBandsOf } from '../pipeline/cube/calibration-plan.ts';
import type { CubePlots } from '../pipeline/cube/cube-plots.ts';
import { tileCountOf } from '../pipeline/cube/tile-setup.ts';
import type { Progress } from '../ports/progress.ts';
import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import { resolveIndex } from '../spectral-indices/resolve-index.ts';
import { CalibratedTiles, edgeGridOf } from './calibrated-tiles.ts';
import { CellMode } from './cell-mode.ts';
import { ComponentMode } from './component-mode.ts';
import type { EdgeMode, EdgeModeReport, EdgeModeSetup } from './edge-mode.ts';
import type { EdgePart } from './edge-part.ts';
import type { EdgeTile } from './edge-tile.ts';
import { PixelMode } from './pixel-mode.ts';
import { principalComponents } from './principal-components.ts';
import { SpectrumSample } from './spectrum-sample.ts';

export type EdgeModeName = 'cells' | 'pixels' | 'components';

export interface EdgeSettings {
  /** Pixels along the side of a cell. */
  readonly cellSize: number;
  /** Precision of the spectra of cells, in ten-thousandths of reflectance. */
  readonly stepPacked: number;
  /** Precision of indices per pixel. */
  readonly pixelIndexPrecision: number;
  readonly componentCount: number;
  /** Precision of component scores, in units of reflectance. */
  readonly scorePrecision: number;
  readonly ndviMin: number | null;
  readonly partBytesMax: number;
}

/** 50 to 100 times smaller than 16-bit cubes of 200 and more bands; measured in bench/results/edge-modes.json. */
export const defaultEdgeSettings: EdgeSettings = {
  cellSize: 8,
  stepPacked: 2,
  pixelIndexPrecision: 1e-3,
  componentCount: 5,
  scorePrecision: 2e-3,
  ndviMin: null,
  partBytesMax: 900 * 1024,
};

export interface EdgeRequest {
  readonly reader: CubeReader;
  readonly calibration: Calibration;
  readonly plots: CubePlots | null;
  readonly modes: readonly EdgeModeName[];
  readonly settings: EdgeSettings;
  /** What every part says of the cube, e.g. its id. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The next tile waits for it. */
  readonly onPart: (mode: EdgeModeName, part: EdgePart) => void | Promise<void>;
  /** Every tile once, in order, for what else is made of its pixels. A throw ends the product. */
  readonly onTile?: (tile: EdgeTile) => Promise<void>;
  readonly progress: Progress;
  readonly where: string;
}

export interface EdgeReport {
  /** Bytes of the raw cube's values. */
  readonly rawBytes: number;
  readonly modes: readonly EdgeModeReport[];
}

/** Spectra that the components are made from. */
const sampleCountMax = 20_000;
/** Tiles that they are taken from. */
const sampleTileCountMax = 16;

/**
 * Makes one cube small in one or more modes in one pass over its tiles (components take a few tiles beforehand), and says what
 * each mode costs against full resolution.
 *
 * @throws MissingFactError without wavelengths; CalibrationError when no pixel has a value. Disposition: quarantine.
 */
export async function makeEdgeProduct(request: EdgeRequest): Promise<EdgeReport> {
  const { reader, calibration, plots, settings, where } = request;
  const { header } = reader;
  if (header.wavelengthNm === null) {
    throw new MissingFactError(
      `Expected the wavelength of each band, got none (${where}). Give --wavelengths FILE or --sensor PROFILE.json.`,
      { where },
    );
  }
  const goodBands = goodBandsOf(header);
  const columns = bandColumns(header.wavelengthNm);
  const indices = indexDefinitions.map((definition) => resolveIndex(definition, header.wavelengthNm, goodBands));
  const grid = edgeGridOf(header, settings.cellSize, where);
  const tiles = new CalibratedTiles(reader, calibration.coefficients, grid, { plots, indices });
  const setup: Omit<EdgeModeSetup, 'onPart'> = {
    indices,
    bandColumns: columns,
    plotIds: plots?.plots.map((plot) => plot.plotId) ?? [],
    facts: request.facts,
    partBytesMax: settings.partBytesMax,
    ndviMin: settings.ndviMin,
  };
  const tileCount = tileCountOf(grid);
  const modes: EdgeMode[] = [];
  const parts: [EdgeModeName, EdgePart][] = [];
  const handOver = async (): Promise<void> => {
    for (const [name, part] of parts.splice(0)) await request.onPart(name, part);
  };
  for (const name of request.modes) {
    const own: EdgeModeSetup = { ...setup, onPart: (part) => void parts.push([name, part]) };
    if (name === 'cells') modes.push(new CellMode(own, settings));
    else if (name === 'pixels') modes.push(new PixelMode(own, { indexPrecision: settings.pixelIndexPrecision }));
    else modes.push(new ComponentMode(own, await componentsOf(tiles, tileCount, own, goodBands, settings, where)));
  }
  for (let tileIndex = 0; tileIndex < tileCount; tileIndex++) {
    const tile = await tiles.read(tileIndex);
    for (const mode of modes) mode.add(tile);
    await handOver();
    await request.onTile?.(tile);
    request.progress.report('Tile:Shrink:Done', { done: tileIndex + 1, total: tileCount });
  }
  const rawBytes = header.lineCount * header.sampleCount * header.bandCount * sampleBytes[header.sampleType];
  const reports = modes.map((mode) => mode.finish());
  await handOver();
  return { rawBytes, modes: reports };
}

async function componentsOf(
  tiles: CalibratedTiles,
  tileCount: number,
  setup: EdgeModeSetup,
  goodBands: Uint8Array,
  settings: EdgeSettings,
  where: string,
): Promise<ConstructorParameters<typeof ComponentMode>[1]> {
  const bands = setup.bandColumns.flatMap((column, band) => (column === null || goodBands[band] === 0 ? [] : [band]));
  const sample = new SpectrumSample(bands, sampleCountMax);
  const taken = Math.min(tileCount, sampleTileCountMax);
  for (let at = 0; at < taken; at++) {
    const tile = await tiles.read(Math.floor(((at + 0.5) * tileCount) / taken));
    sample.add(tile, Math.ceil(sampleCountMax / taken));
  }
  if (sample.spectra.length === 0) {
    throw new CalibrationError(
      `Expected pixels with a value in every good band, got none in ${taken} tiles (${where}). Mark dead bands as bad, or take another mode.`,
      { where },
    );
  }
  const components = principalComponents(sample.spectra, bands.length, settings.componentCount);
  return { components, bands, scorePrecision: settings.scorePrecision };
}
