import type { CubeHeader, CubeOverrides, CubeReader } from '../../cube/cube.ts';
import { cubeHeader } from '../../cube/cube-header.ts';
import { checkCubeShape } from '../../cube/cube-shape.ts';
import { lineWindow, windowBuffer } from '../../cube/line-window.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { Hdf5File, Hdf5Opener } from '../../ports/hdf5-file.ts';
import { openBandVariables } from '../netcdf/band-variables.ts';
import { cfMeaning, textAttribute } from '../netcdf/cf-attributes.ts';
import { cfGrid, type PixelPositions } from '../netcdf/cf-grid.ts';
import { findBandDatasets, readBandWavelengths, readGoodBands } from './band-datasets.ts';
import { checkClaimedSize, chooseCube, sampleTypeOf } from './choose-cube.ts';
import { type CubeAxes, cubeAxes } from './cube-axes.ts';
import { fileFacts, type Hdf5Context, locationReader } from './hdf5-context.ts';
import { baseName, type ListedDataset, listDatasets } from './list-datasets.ts';
import { neonCubePath, neonGrid, neonMeaning } from './neon-layout.ts';
import { readSlab } from './read-slab.ts';

/**
 * Opens the cube in an HDF5 or NetCDF-4 file: NEON's airborne layout, EMIT's, any 3-D dataset, or one 2-D dataset for
 * each band.
 * @throws FormatError, TruncatedInputError. Disposition: quarantine.
 */
export async function openHdf5Cube(
  source: ByteSource,
  overrides: CubeOverrides,
  openHdf5: Hdf5Opener,
): Promise<CubeReader> {
  const file = await openHdf5(await source.localPath());
  try {
    const datasets = listDatasets(file, source.name);
    const context = { file, source, datasets, overrides };
    const name = overrides.dataset ?? neonCubePath(datasets, source.name) ?? undefined;
    const cube = chooseCube(file, datasets, name, source.name);
    return cube === null ? openBandVariables(context) : openSlab(context, cube);
  } catch (error) {
    file.close();
    throw error;
  }
}

function openSlab(context: Hdf5Context, cube: ListedDataset): CubeReader {
  const { file, source, datasets, overrides } = context;
  checkClaimedSize(cube, source);
  const scales = file.dimensionScales(cube.path);
  const found = findBandDatasets(datasets, cube);
  const wavelengthCount = found.wavelengths?.shape[0] ?? overrides.wavelengthNm?.length ?? null;
  const axes = cubeAxes(cube, axisNames(file, cube, scales), wavelengthCount, source.name);
  const [lineCount, sampleCount, bandCount] = [axes.line, axes.sample, axes.band].map((axis) => cube.shape[axis]!) as [
    number,
    number,
    number,
  ];
  const shape = { lineCount, sampleCount, bandCount };
  checkCubeShape(shape, source.name);
  const bands = readBandWavelengths(file, found, bandCount);
  const isNeon = neonCubePath([cube], source.name) !== null;
  const grid = isNeon
    ? { ...neonGrid(file, cube.path, source.name), positions: null }
    : {
        ...cfGrid(file, datasets, {
          path: cube.path,
          lineCount,
          sampleCount,
          lineScale: scales[axes.line] ?? null,
          sampleScale: scales[axes.sample] ?? null,
        }),
        warnings: [],
      };
  const meaning = isNeon ? neonMeaning(file, cube.path) : cfMeaning(file.attributes(cube.path), baseName(cube.path));
  const stated = {
    format: scales.some((scale) => scale !== null) ? ('netcdf' as const) : ('hdf5' as const),
    ...shape,
    sampleType: sampleTypeOf(cube.type),
    interleave: axes.interleave,
    ...meaning,
    wavelengthNm: bands.wavelengthNm,
    fwhmNm: bands.fwhmNm,
    goodBands: readGoodBands(file, found, bandCount),
    bandNames: null,
    ...fileFacts(file),
    saturationLevel: null,
    integrationTimeMs: null,
    crs: grid.crs,
    transform: grid.transform,
    hasLocations: grid.positions !== null,
    warnings: [...axes.warnings, ...bands.warnings, ...grid.warnings],
  };
  return slabReader(context, cube.path, axes, grid.positions, cubeHeader(stated, overrides, source.name));
}

/** Names of the axes: of their dimension scales, else as the dataset labels them. */
function axisNames(file: Hdf5File, cube: ListedDataset, scales: readonly (string | null)[]): (string | null)[] {
  const labels = textAttribute(file.attributes(cube.path), ['Dimension_Labels', 'dimensions'])?.split(/\s*,\s*/) ?? [];
  return cube.shape.map((_, axis) => {
    const scale = scales[axis] ?? null;
    return scale === null ? (labels.length === 3 ? labels[axis]! : null) : baseName(scale);
  });
}

function slabReader(
  { file, source }: Hdf5Context,
  path: string,
  axes: CubeAxes,
  positions: PixelPositions | null,
  header: CubeHeader,
): CubeReader {
  const buffer = windowBuffer(header.sampleType, source.name);
  const { sampleCount, interleave } = header;
  return {
    header,
    async readLines(range) {
      const window = lineWindow(range, header);
      const data = readSlab(file, path, axes, window, sampleCount, buffer);
      return { interleave, lineCount: window.lineCount, bandCount: window.bandCount, sampleCount, data };
    },
    readLocations: locationReader(file, positions, header),
    async close() {
      file.close();
      await source.close();
    },
  };
}
