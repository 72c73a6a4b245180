import { FormatError } from '../../errors.ts';
import { hdf5GroupDepthMax, hdf5ObjectCountMax } from '../../limits.ts';
import type { Hdf5Dataset, Hdf5File } from '../../ports/hdf5-file.ts';

export interface ListedDataset extends Hdf5Dataset {
  readonly path: string;
}

/**
 * Every numeric or text dataset of a file, in the file's order. Datasets of other types are left out: a compound table beside a cube
 * is no reason to refuse the cube.
 * @throws FormatError when groups nest or multiply without end, as they do when one contains itself. Disposition: quarantine.
 */
export function listDatasets(file: Hdf5File, where: string): ListedDataset[] {
  const found: ListedDataset[] = [];
  const open: { readonly group: string; readonly depth: number }[] = [{ group: '/', depth: 0 }];
  let objectCount = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const path of file.members(next.group)) {
      objectCount++;
      if (objectCount > hdf5ObjectCountMax || next.depth >= hdf5GroupDepthMax) {
        throw new FormatError(
          `Expected at most ${hdf5ObjectCountMax} objects in ${hdf5GroupDepthMax} levels of groups, got more (${where}, ${path.slice(0, 80)}). Check the file for groups that contain themselves.`,
          { where },
        );
      }
      const kind = file.kind(path);
      if (kind === 'group') open.push({ group: path, depth: next.depth + 1 });
      else if (kind === 'dataset') addDescribed(file, path, found);
    }
  }
  return found;
}

function addDescribed(file: Hdf5File, path: string, found: ListedDataset[]): void {
  try {
    found.push({ path, ...file.describe(path) });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function groupOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** The candidate that shares most leading groups with `path`; the first of equals. */
export function nearest<T extends { readonly path: string }>(candidates: readonly T[], path: string): T | null {
  let best: T | null = null;
  let bestCount = -1;
  const groups = path.split('/');
  for (const candidate of candidates) {
    const others = candidate.path.split('/');
    let count = 0;
    while (count < others.length - 1 && others[count] === groups[count]) count++;
    if (count > bestCount) [best, bestCount] = [candidate, count];
  }
  return best;
}
