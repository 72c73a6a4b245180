import { wavelengthsOfNames } from '../../cube/band-wavelengths.ts';
import type { CubeHeader, CubeReader, SampleArray } from '../../cube/cube.ts';
import { cubeHeader } from '../../cube/cube-header.ts';
import { checkCubeShape } from '../../cube/cube-shape.ts';
import { lineWindow, windowBuffer } from '../../cube/line-window.ts';
import { FormatError } from '../../errors.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import { checkClaimedSize, sampleTypeOf } from '../hdf5/choose-cube.ts';
import { fileFacts, type Hdf5Context, locationReader, noCube } from '../hdf5/hdf5-context.ts';
import { baseName, groupOf, type ListedDataset } from '../hdf5/list-datasets.ts';
import { type Attributes, cfMeaning, numberAttribute, textAttribute } from './cf-attributes.ts';
import { cfGrid } from './cf-grid.ts';

/** Two planes may be any two planes; three of one name and size that differ in a number are bands. */
const familyCountMin = 3;

/**
 * Opens a file with one 2-D variable for each band (`Oa01_radiance`, `rhos_443`), as Sentinel-3 and ocean colour products
 * have them: variables of one group, size and type whose names differ only in a number. Bands come by wavelength where
 * every variable states one, else by that number.
 *
 * @throws FormatError when the file has no such family, or several and none is named. Disposition: quarantine.
 */
export function openBandVariables(context: Hdf5Context): CubeReader {
  const { file, source, overrides } = context;
  const family = chooseFamily(context);
  const bands = inBandOrder(family.map((dataset) => describeBand(file, dataset)));
  for (const { dataset } of bands) checkClaimedSize(dataset, source);
  const first = bands[0]!.dataset;
  const [lineCount, sampleCount] = first.shape as [number, number];
  const shape = { lineCount, sampleCount, bandCount: bands.length };
  checkCubeShape(shape, source.name);
  const scales = file.dimensionScales(first.path);
  const axes = {
    path: first.path,
    lineCount,
    sampleCount,
    lineScale: scales[0] ?? null,
    sampleScale: scales[1] ?? null,
  };
  const grid = cfGrid(file, context.datasets, axes);
  const warnings: string[] = [];
  const stated = {
    format: 'netcdf' as const,
    ...shape,
    sampleType: sampleTypeOf(first.type),
    interleave: 'bsq' as const,
    ...familyMeaning(bands, warnings),
    wavelengthNm: allKnown(bands.map(({ wavelengthNm }) => wavelengthNm)),
    fwhmNm: allKnown(bands.map(({ fwhmNm }) => fwhmNm)),
    goodBands: null,
    bandNames: bands.map(({ dataset }) => baseName(dataset.path)),
    ...fileFacts(file),
    saturationLevel: null,
    integrationTimeMs: null,
    crs: grid.crs,
    transform: grid.transform,
    hasLocations: grid.positions !== null,
    warnings,
  };
  const header = cubeHeader(stated, overrides, source.name);
  const paths = bands.map(({ dataset }) => dataset.path);
  return {
    header,
    readLines: planeReader(context, paths, header),
    readLocations: locationReader(file, grid.positions, header),
    async close() {
      file.close();
      await source.close();
    },
  };
}

interface BandVariable {
  readonly dataset: ListedDataset;
  readonly attributes: Attributes;
  readonly number: number;
  readonly wavelengthNm: number | null;
  readonly fwhmNm: number | null;
}

/** Name with its first number left out: the same for all variables of a family. */
function familyName({ path, shape, type }: ListedDataset): string | null {
  const name = baseName(path);
  const number = /\d+/.exec(name);
  if (number === null || shape.length !== 2 || type === 'string') return null;
  const around = `${name.slice(0, number.index)}*${name.slice(number.index + number[0].length)}`;
  return `${groupOf(path)}/${around} (${shape.join(' x ')}, ${type})`.replace('//', '/');
}

function chooseFamily({ datasets, overrides, source }: Hdf5Context): ListedDataset[] {
  const families = Map.groupBy(datasets, familyName);
  families.delete(null);
  if (overrides.dataset !== undefined) {
    const path = overrides.dataset.startsWith('/') ? overrides.dataset : `/${overrides.dataset}`;
    const member = datasets.find((dataset) => dataset.path === path);
    const family = member === undefined ? undefined : families.get(familyName(member));
    if (family !== undefined) return family;
    throw noCube(source);
  }
  const candidates = [...families].filter(([, members]) => members.length >= familyCountMin);
  if (candidates.length === 0) throw noCube(source);
  if (candidates.length === 1) return candidates[0]![1];
  const listed = candidates.slice(0, 20).map(([name, members]) => `${members.length} of ${name}`);
  throw new FormatError(
    `Expected one family of 2-D bands, got ${candidates.length} (${source.name}): ${listed.join(', ')}. Name one member: --dataset PATH, or dataset in the capture sidecar.`,
    { path: source.name, count: candidates.length },
  );
}

function describeBand(file: Hdf5File, dataset: ListedDataset): BandVariable {
  const attributes = file.attributes(dataset.path);
  const stated = numberAttribute(attributes, ['radiation_wavelength', 'wavelength']);
  const described = textAttribute(attributes, ['long_name']);
  // A unit is said in words ("at 443 nm") or not at all; instruments of one plane per band count in nanometres.
  const named = described === null ? null : (wavelengthsOfNames([described])?.wavelengthNm[0] ?? null);
  const wavelengthNm = stated !== null && stated >= 100 ? stated : named;
  const width = numberAttribute(attributes, ['bandwidth', 'fwhm']);
  const number = Number(/\d+/.exec(baseName(dataset.path))![0]);
  return { dataset, attributes, number, wavelengthNm, fwhmNm: width !== null && width > 0 ? width : null };
}

function inBandOrder(bands: BandVariable[]): BandVariable[] {
  const isKnown = bands.every(({ wavelengthNm }) => wavelengthNm !== null);
  const keyOf = (band: BandVariable) => (isKnown ? band.wavelengthNm! : band.number);
  return bands.sort((a, b) => keyOf(a) - keyOf(b) || a.number - b.number);
}

function allKnown(values: readonly (number | null)[]): Float64Array | null {
  return values.includes(null) ? null : Float64Array.from(values as number[]);
}

/** One meaning for all bands, or none: a header has one scale and one fill value. */
function familyMeaning(bands: readonly BandVariable[], warnings: string[]) {
  const meanings = bands.map(({ attributes, dataset }) => cfMeaning(attributes, baseName(dataset.path)));
  const first = meanings[0]!;
  const agree = (key: 'fillValue' | 'scale' | 'quantity') =>
    meanings.every((meaning) => JSON.stringify(meaning[key]) === JSON.stringify(first[key]));
  const fillValue = agree('fillValue') ? first.fillValue : null;
  if (!agree('fillValue')) warnings.push('Fill values differ between bands; none is used.');
  const quantity = agree('quantity') ? first.quantity : 'unknown';
  if (agree('scale')) return { fillValue, quantity, scale: first.scale };
  warnings.push('Scale factors or offsets differ between bands and are not applied.');
  return { fillValue, scale: null, quantity: 'unknown' as const };
}

function planeReader(
  { file, source }: Hdf5Context,
  paths: readonly string[],
  header: CubeHeader,
): CubeReader['readLines'] {
  const buffer = windowBuffer(header.sampleType, source.name);
  const { sampleCount } = header;
  return async (range) => {
    const window = lineWindow(range, header);
    const { lineStart, lineCount, bandCount } = window;
    const data: SampleArray = buffer(lineCount * bandCount * sampleCount);
    let at = 0;
    for (const [start, end] of window.bandRuns) {
      for (let band = start; band < end; band++) {
        const plane = file.readSlice(paths[band]!, [
          [lineStart, lineStart + lineCount],
          [0, sampleCount],
        ]);
        data.set(plane, at);
        at += plane.length;
      }
    }
    return { interleave: 'bsq', lineCount, bandCount, sampleCount, data };
  };
}
