import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { findEnviDataFile } from '#core/formats/envi/find-data-file.ts';
import { parseRawKey } from '#schemas/object-keys.ts';

/** One cube on the local disk: its main file and, for ENVI, its data file. */
export interface CubeFiles {
  /** Name without folder and extension. */
  readonly stem: string;
  readonly parts: readonly { readonly path: string; readonly extension: string }[];
}

const enviDataExtensions = ['img', 'dat', 'bil', 'bip', 'bsq', 'raw', 'hyspex'];

/**
 * Groups the named files into cubes. An ENVI cube may be named by its header, its data file or both.
 * @throws NotFoundError for a path that is not there; MissingFactError for a header without data file. Disposition: quarantine.
 */
export function groupCubeFiles(paths: readonly string[]): CubeFiles[] {
  const cubes = new Map<string, CubeFiles>();
  for (const path of paths) {
    requireFile(path);
    const cube = cubeOf(path);
    cubes.set(cube.parts[0]!.path, cube);
  }
  return [...cubes.values()];
}

export function requireFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new NotFoundError(`Expected a file, found nothing at ${path}. Check the path.`, { path });
  if (!stats.isFile()) throw new ConfigurationError(`Expected a file, got a folder (${path}).`, { path });
}

function cubeOf(path: string): CubeFiles {
  if (extname(path).toLowerCase() === '.hdr') return enviCube(path);
  const header = headerBeside(path);
  if (header !== null) return enviCube(header);
  const extension = extname(path).slice(1).toLowerCase();
  return { stem: basename(path, extname(path)), parts: [{ path, extension: extension === '' ? 'img' : extension }] };
}

function headerBeside(path: string): string | null {
  const withoutExtension = join(dirname(path), basename(path, extname(path)));
  return (
    [`${path}.hdr`, `${withoutExtension}.hdr`].find((candidate) =>
      statSync(candidate, { throwIfNoEntry: false })?.isFile(),
    ) ?? null
  );
}

function enviCube(headerPath: string): CubeFiles {
  const folder = dirname(headerPath);
  const data = findEnviDataFile(basename(headerPath), readdirSync(folder));
  const extension = extname(data).slice(1).toLowerCase();
  return {
    stem: basename(headerPath)
      .replace(/\.hdr$/i, '')
      .replace(/\.(img|dat|bil|bip|bsq|raw|hyspex)$/i, ''),
    parts: [
      { path: headerPath, extension: 'hdr' },
      { path: join(folder, data), extension: enviDataExtensions.includes(extension) ? extension : 'img' },
    ],
  };
}

/** Files of a folder that is laid out by raw keys (`raw_cubes/{region}/{farm}/...`), each with its key. */
export function filesByRawKey(folder: string): { readonly path: string; readonly key: string }[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, key: relative(folder, path).split(sep).join('/') }))
    .filter(({ key }) => parseRawKey(key) !== null);
  if (found.length === 0) {
    throw new NotFoundError(
      `Expected files at raw_cubes/{region}/{farm}/{yyyy}/{mm}/{dd}/{id}.{extension} in the folder, found none (${folder}). Name single cube files instead.`,
      { path: folder },
    );
  }
  return found.sort((a, b) => uploadOrder(a.key) - uploadOrder(b.key) || (a.key < b.key ? -1 : 1));
}

/** What a cube needs is there before it: plots, yields and references first, then sidecars, then cubes. */
function uploadOrder(key: string): number {
  if (!key.startsWith('raw_cubes/')) return 0;
  return key.endsWith('.capture.json') ? 1 : 2;
}
