import type { SampleType } from '../../cube/cube.ts';
import { FormatError, TruncatedInputError } from '../../errors.ts';
import { expansionRatioMax } from '../../limits.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import type { ListedDataset } from './list-datasets.ts';

const typeBytes: Readonly<Record<string, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};

/** Type of the arrays that slices come in. */
export function sampleTypeOf(type: ListedDataset['type']): SampleType {
  return type === 'int64' || type === 'uint64' ? 'float64' : (type as SampleType);
}

/**
 * The 3-D numeric dataset that is the cube: the one that the user names, or the only one. Null when the file has none.
 * @throws FormatError listing the candidates when there are several, or when the named one is no cube. Disposition: quarantine.
 */
export function chooseCube(
  file: Hdf5File,
  datasets: readonly ListedDataset[],
  name: string | undefined,
  where: string,
): ListedDataset | null {
  const cubes = datasets.filter(({ shape, type }) => shape.length === 3 && type !== 'string');
  if (name !== undefined) return namedCube(file, cubes, name, where);
  if (cubes.length > 1) {
    throw new FormatError(
      `Expected one 3-D dataset, got ${cubes.length} (${where}): ${listed(cubes)}. Name one: --dataset PATH, or dataset in the capture sidecar.`,
      { where, count: cubes.length },
    );
  }
  return cubes[0] ?? null;
}

function namedCube(file: Hdf5File, cubes: readonly ListedDataset[], name: string, where: string): ListedDataset | null {
  const path = name.startsWith('/') ? name : `/${name}`;
  const cube = cubes.find((candidate) => candidate.path === path);
  if (cube !== undefined) return cube;
  const found = file.kind(path) === 'dataset' ? `${path} ${file.describe(path).shape.join(' x ')}` : `no ${path}`;
  // A plane may stand for its whole family of planes, one for each band.
  if (file.kind(path) === 'dataset' && file.describe(path).shape.length === 2) return null;
  throw new FormatError(`Expected a 3-D dataset of numbers, got ${found} (${where}). 3-D are: ${listed(cubes)}.`, {
    where,
    dataset: path,
  });
}

function listed(cubes: readonly ListedDataset[]): string {
  if (cubes.length === 0) return 'none';
  return cubes
    .slice(0, 20)
    .map(({ path, shape, type }) => `${path} (${shape.join(' x ')}, ${type})`)
    .join(', ');
}

/**
 * A shape is a claim: its bytes are compared with those of the file.
 * @throws TruncatedInputError, FormatError. Disposition: quarantine.
 */
export function checkClaimedSize(dataset: ListedDataset, file: { name: string; sizeBytes: number }): void {
  const claimedBytes = dataset.shape.reduce((bytes, length) => bytes * length, typeBytes[dataset.type]!);
  if (dataset.chunkShape === null && claimedBytes > file.sizeBytes) {
    throw new TruncatedInputError({ path: file.name, expectedBytes: claimedBytes, actualBytes: file.sizeBytes });
  }
  if (claimedBytes > file.sizeBytes * expansionRatioMax) {
    throw new FormatError(
      `Expected at most ${file.sizeBytes * expansionRatioMax} bytes in a file of ${file.sizeBytes}, got a claim of ${claimedBytes} (${file.name}, ${dataset.path}).`,
      { path: file.name, claimedBytes },
    );
  }
}
