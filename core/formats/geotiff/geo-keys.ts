import { type CoordinateSystem, coordinateSystemOfEpsg } from '../../cube/coordinate-system.ts';
import type { AffineTransform } from '../../cube/cube.ts';
import { CubelakeError } from '../../errors.ts';
import { type TiffDirectory, tags } from './tiff-directory.ts';

export interface TiffGrid {
  readonly crs: CoordinateSystem | null;
  readonly transform: AffineTransform | null;
  readonly warnings: readonly string[];
}

/** @source OGC GeoTIFF 1.1: GTRasterTypeGeoKey, GeodeticCRSGeoKey, ProjectedCRSGeoKey; 32767 is user-defined. */
const rasterTypeKey = 1025;
const geodeticKey = 2048;
const projectedKey = 3072;
const pixelIsPoint = 2;

/** Where the image lies, as far as its tags say it in a way that can be computed with. */
export async function tiffGrid(directory: TiffDirectory): Promise<TiffGrid> {
  const warnings: string[] = [];
  const keys = shortKeys(await directory.numbers(tags.geoKeys));
  const transform = await rasterTransform(directory, keys.get(rasterTypeKey) === pixelIsPoint, warnings);
  const code = keys.get(projectedKey) ?? keys.get(geodeticKey) ?? null;
  return { crs: code === null ? null : systemOf(code, warnings), transform, warnings };
}

/** Keys whose value is a short in the directory itself. */
function shortKeys(directory: Float64Array): Map<number, number> {
  const keys = new Map<number, number>();
  for (let at = 4; at + 3 < directory.length; at += 4) {
    if (directory[at + 1] === 0) keys.set(directory[at]!, directory[at + 3]!);
  }
  return keys;
}

function systemOf(code: number, warnings: string[]): CoordinateSystem | null {
  try {
    return coordinateSystemOfEpsg(code);
  } catch (error) {
    if (!(error instanceof CubelakeError)) throw error;
    const name = code === 32767 ? 'a coordinate system of its own' : `EPSG:${code}`;
    warnings.push(`The file names ${name}, which is not known here; give --epsg of a known one.`);
    return null;
  }
}

async function rasterTransform(
  directory: TiffDirectory,
  isPoint: boolean,
  warnings: string[],
): Promise<AffineTransform | null> {
  const corner = (await matrixTransform(directory)) ?? (await tiepointTransform(directory, warnings));
  if (corner === null || !corner.every(Number.isFinite)) return null;
  const [a, b, c, d, e, f] = corner;
  // Then the coordinates are those of the first pixel's centre.
  return isPoint ? [a, b, c - (a + b) / 2, d, e, f - (d + e) / 2] : corner;
}

async function matrixTransform(directory: TiffDirectory): Promise<AffineTransform | null> {
  const m = await directory.numbers(tags.transformation);
  return m.length < 8 ? null : [m[0]!, m[1]!, m[3]!, m[4]!, m[5]!, m[7]!];
}

async function tiepointTransform(directory: TiffDirectory, warnings: string[]): Promise<AffineTransform | null> {
  const tie = await directory.numbers(tags.tiepoint);
  const scale = await directory.numbers(tags.pixelScale);
  if (tie.length < 6) return null;
  if (scale.length < 2 || scale[0] === 0 || scale[1] === 0) {
    warnings.push('The file has ground control points instead of a grid; they are not used.');
    return null;
  }
  const [sample, line, , x, y] = tie as unknown as readonly number[];
  const [dx, dy] = scale as unknown as readonly number[];
  return [dx!, 0, x! - sample! * dx!, 0, -dy!, y! + line! * dy!];
}
