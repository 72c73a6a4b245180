import { type BandWavelengths, bandWavelengths } from '../../cube/band-wavelengths.ts';
import { bandCountMax } from '../../limits.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import { baseName, type ListedDataset, nearest } from './list-datasets.ts';

const wavelengthName =
  /^(wave_?lengths?(_(nm|um|cent(er|re)s?))?|lambda|wl|(band_?)?cent(er|re)_?(wave_?lengths?)?s?)$/i;
const widthName = /^(fwhm|full_?width_?(at_?)?half_?max(imum)?|band_?widths?)(_(nm|um))?$/i;
const goodName = /^(good_?(wave_?lengths?|bands?)|bbl)$/i;

/** The 1-D datasets that describe bands; each null when there is none of a fitting length. */
export interface BandDatasets {
  readonly wavelengths: ListedDataset | null;
  readonly widths: ListedDataset | null;
  readonly goodBands: ListedDataset | null;
}

/** Finds wavelength lists by name, those first whose length is an axis of the cube, nearest to the cube among these. */
export function findBandDatasets(datasets: readonly ListedDataset[], cube: ListedDataset): BandDatasets {
  const lists = datasets.filter(
    ({ shape, type }) => shape.length === 1 && shape[0]! >= 1 && shape[0]! <= bandCountMax && type !== 'string',
  );
  const named = (pattern: RegExp, lengths: readonly number[]) =>
    nearest(
      lists.filter(({ path, shape }) => pattern.test(baseName(path)) && lengths.includes(shape[0]!)),
      cube.path,
    );
  const wavelengths = named(wavelengthName, cube.shape);
  const lengths = wavelengths === null ? cube.shape : [wavelengths.shape[0]!];
  return { wavelengths, widths: named(widthName, lengths), goodBands: named(goodName, lengths) };
}

export function readBandWavelengths(file: Hdf5File, found: BandDatasets, bandCount: number): BandWavelengths {
  if (found.wavelengths === null) return { wavelengthNm: null, fwhmNm: null, warnings: [] };
  const isFit = (dataset: ListedDataset | null) => dataset !== null && dataset.shape[0] === bandCount;
  return bandWavelengths({
    wavelengths: readList(file, found.wavelengths),
    fwhm: isFit(found.widths) ? readList(file, found.widths!) : null,
    unit: unitOf(file, found.wavelengths.path),
    bandCount,
  });
}

/** 1 = good; null when the file has no flags of 0 and 1 for each band. */
export function readGoodBands(file: Hdf5File, found: BandDatasets, bandCount: number): Uint8Array | null {
  if (found.goodBands === null || found.goodBands.shape[0] !== bandCount) return null;
  const flags = readList(file, found.goodBands);
  for (let band = 0; band < bandCount; band++) {
    if (flags[band] !== 0 && flags[band] !== 1) return null;
  }
  return Uint8Array.from(flags);
}

function readList(file: Hdf5File, { path, shape }: ListedDataset): ArrayLike<number> & Iterable<number> {
  return file.readSlice(path, [[0, shape[0]!]]);
}

function unitOf(file: Hdf5File, path: string): string | null {
  for (const [name, value] of file.attributes(path)) {
    if (/^units?$/i.test(name) && typeof value === 'string') return value;
  }
  return null;
}
