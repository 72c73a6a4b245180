import type { CubeOverrides, CubeReader } from '../cube/cube.ts';
import { FormatError, MissingFactError } from '../errors.ts';
import { type ByteSource, readBytes } from '../ports/byte-source.ts';
import type { Hdf5Opener } from '../ports/hdf5-file.ts';
import { enviDataNames, findEnviDataFile } from './envi/find-data-file.ts';
import { openEnvi } from './envi/open-envi.ts';
import { openGeotiff } from './geotiff/open-geotiff.ts';
import { openHdf5Cube } from './hdf5/open-hdf5-cube.ts';
import { type RecognizedFormat, recognizedBytesMax, recognizeFormat } from './recognize-format.ts';

export interface OpenCubeOptions {
  readonly overrides?: CubeOverrides;
  readonly openHdf5: Hdf5Opener;
}

/**
 * Opens one cube from all its files: header and data file of ENVI in any order, or one HDF5, NetCDF-4 or GeoTIFF file.
 * The format is told by content, never by extension. The reader closes the sources.
 *
 * @throws FormatError for another format, naming what was found; MissingFactError when a file of the cube is missing;
 *   TruncatedInputError. Disposition: quarantine.
 */
export async function openCube(parts: readonly ByteSource[], options: OpenCubeOptions): Promise<CubeReader> {
  try {
    return await openParts(parts, options);
  } catch (error) {
    await Promise.all(parts.map((part) => part.close()));
    throw error;
  }
}

async function openParts(parts: readonly ByteSource[], options: OpenCubeOptions): Promise<CubeReader> {
  const recognized: { part: ByteSource; seen: RecognizedFormat }[] = [];
  for (const part of parts) {
    const start = await readBytes(part, 0, Math.min(part.sizeBytes, recognizedBytesMax));
    recognized.push({ part, seen: recognizeFormat(start) });
  }
  const headers = recognized.filter(({ seen }) => seen.format === 'envi-header').map(({ part }) => part);
  const overrides = options.overrides ?? {};
  if (headers.length > 0) {
    // The data of a cube may begin with the letters ENVI as well, its name then tells.
    const header = headers.find((part) => /\.hdr$/i.test(part.name)) ?? headers[0]!;
    return openEnvi(header, enviData(header, parts), overrides);
  }
  const [first, ...others] = recognized;
  if (first === undefined) throw new FormatError('Expected at least one file of a cube, got none.');
  if (others.length > 0) throw noHeader(recognized);
  const { part, seen } = first;
  if (seen.format === 'other') {
    throw new FormatError(
      `Expected an ENVI header, HDF5, NetCDF-4 or GeoTIFF, got ${seen.found} (${part.name}). ${seen.remedy}`,
      { path: part.name, found: seen.found },
    );
  }
  return seen.format === 'hdf5' ? openHdf5Cube(part, overrides, options.openHdf5) : openGeotiff(part, overrides);
}

function enviData(header: ByteSource, parts: readonly ByteSource[]): ByteSource {
  const candidates = parts.filter((part) => part !== header);
  if (candidates.length === 1) return candidates[0]!;
  const headerName = baseName(header.name);
  if (candidates.length === 0) {
    throw new MissingFactError(
      `Expected the data file of ${header.name}, got its header alone. Give it too, as one of: ${enviDataNames(headerName).join(', ')}.`,
      { path: header.name },
    );
  }
  const names = candidates.map((part) => baseName(part.name));
  return candidates[names.indexOf(findEnviDataFile(headerName, names))]!;
}

function noHeader(recognized: readonly { part: ByteSource; seen: RecognizedFormat }[]): FormatError {
  const found = recognized
    .map(({ part, seen }) => `${baseName(part.name)}: ${seen.format === 'other' ? seen.found : seen.format}`)
    .join('; ');
  return new FormatError(
    `Expected one HDF5, NetCDF-4 or GeoTIFF file, or an ENVI header with its data file, got ${recognized.length} files (${found}).`,
    { found },
  );
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
