import { type CoordinateSystem, coordinateSystemOfEpsg } from '../../cube/coordinate-system.ts';
import type { CubeHeader } from '../../cube/cube.ts';
import { CubelakeError, FormatError } from '../../errors.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import { type EnviGrid, enviGrid } from '../envi/map-info.ts';
import { numberAttribute } from '../netcdf/cf-attributes.ts';
import { baseName, type ListedDataset } from './list-datasets.ts';

/** Path of the cube in the layout of NEON's airborne product, whatever the site is called; null for another layout. */
export function neonCubePath(datasets: readonly ListedDataset[], where: string): string | null {
  const cube = datasets.find(({ path }) => /^\/[^/]+\/Reflectance\/Reflectance_Data$/.test(path));
  if (cube !== undefined) return cube.path;
  const part = datasets.find(({ path }) => /^\/[^/]+\/Radiance\/.*RadianceDecimalPart$/.test(path));
  if (part === undefined) return null;
  throw new FormatError(
    `Expected reflectance (DP1.30006 or DP3.30006), got radiance in an integer and a decimal part (${where}, ${part.path}). Give the reflectance product.`,
    { where },
  );
}

/**
 * Fill value and scale: reflectance = stored / Scale_Factor.
 * @source NEON.DOC.001288, Imaging spectrometer data products, file layout of DP1.30006.001.
 */
export function neonMeaning(file: Hdf5File, path: string): Pick<CubeHeader, 'fillValue' | 'scale' | 'quantity'> {
  const attributes = file.attributes(path);
  const divisor = numberAttribute(attributes, ['Scale_Factor', 'Scale Factor']);
  const scale = divisor === null || divisor <= 0 ? null : { factor: 1 / divisor, offset: 0, source: 'Scale_Factor' };
  const fillValue = numberAttribute(attributes, ['Data_Ignore_Value', 'Data Ignore Value', '_FillValue']);
  return { fillValue, scale, quantity: 'reflectance' };
}

/** Grid of `Map_Info`; the system is that of the EPSG code, else of the WKT, else of the map info. */
export function neonGrid(file: Hdf5File, cubePath: string, where: string): EnviGrid {
  const group = `${cubePath.slice(0, cubePath.lastIndexOf('/'))}/Metadata/Coordinate_System`;
  const texts = new Map<string, string>();
  for (const path of file.members(group)) {
    if (file.kind(path) === 'dataset') texts.set(baseName(path), textOf(file, path));
  }
  const fields = new Map<string, string>();
  fields.set('map info', texts.get('Map_Info') ?? '');
  fields.set('coordinate system string', texts.get('Coordinate_System_String') ?? '');
  const grid = enviGrid(fields, where);
  const system = systemOfCode(texts.get('EPSG Code') ?? texts.get('EPSG_Code') ?? '');
  return system === null ? grid : { ...grid, crs: system };
}

function textOf(file: Hdf5File, path: string): string {
  const { type, shape } = file.describe(path);
  if (type === 'string') return file.readText(path);
  return shape.length === 0 ? String(file.readSlice(path, [])[0]) : '';
}

function systemOfCode(text: string): CoordinateSystem | null {
  if (!/^\d{4,5}$/.test(text.trim())) return null;
  try {
    return coordinateSystemOfEpsg(Number(text));
  } catch (error) {
    if (error instanceof CubelakeError) return null;
    throw error;
  }
}
