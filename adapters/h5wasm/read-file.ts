import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dataset, File } from 'h5wasm/node';
import type { SampleArray } from '#core/cube/cube.ts';
import { FormatError, NotFoundError } from '#core/errors.ts';
import { decodedChunkBytesMax, textFileBytesMax, windowBytesMax } from '#core/limits.ts';
import type { Hdf5Attribute, Hdf5Dataset, Hdf5File } from '#core/ports/hdf5-file.ts';
import { datasetType } from './dataset-type.ts';
import { type LoadedLibrary, loadLibrary, perform } from './library.ts';

const groupKind = 0;
const datasetKind = 1;

/** Filters up to this number are built in: deflate, shuffle, fletcher32, szip, nbit, scale-offset. */
const knownFilterMax = 6;

/**
 * Opens an HDF5 file for reading slices from disk; nothing is loaded whole, and no other file that it may name is opened.
 * A hostile file may keep the library busy for ever: `openHdf5` asks another thread first.
 * @throws TruncatedInputError, FormatError, NotFoundError. Disposition: quarantine.
 */
export async function openFile(localPath: string): Promise<Hdf5File> {
  const path = resolve(localPath);
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) throw new NotFoundError(`Expected a file, got none (${localPath}).`, { path: localPath });
  const identity = `${stats.dev}:${stats.ino}`;
  const library = await loadLibrary(identity);
  const file = perform(localPath, () => library.permitting(path, () => new library.h5wasm.File(path, 'r')));
  const run = <T>(call: () => T): T => {
    try {
      return perform(localPath, call);
    } catch (error) {
      library.heldFiles.add(identity);
      throw error;
    }
  };
  return hdf5File(localPath, library, file, run);
}

function hdf5File(localPath: string, library: LoadedLibrary, file: File, run: <T>(call: () => T) => T): Hdf5File {
  const kind = (path: string): 'group' | 'dataset' | null => {
    // Looking up a name that is not there, or a link that leads nowhere, is an answer and no failure.
    const found = path === '/' ? groupKind : run(() => typeOf(file, path));
    return found === groupKind ? 'group' : found === datasetKind ? 'dataset' : null;
  };
  const dataset = (path: string): Dataset => {
    if (kind(path) === 'dataset') return run(() => file.get(path) as Dataset);
    throw new NotFoundError(`Expected the dataset ${path}, got none (${localPath}).`, {
      path: localPath,
      dataset: path,
    });
  };
  let isOpen = true;
  return {
    kind,
    members: (group) =>
      kind(group) === 'group'
        ? run(() => (file.get(group) as File).keys()).map((name) => `${group === '/' ? '' : group}/${name}`)
        : [],
    attributes: (path) => (kind(path) === null ? new Map() : run(() => readAttributes(library, file, path))),
    describe: (path) => describe(dataset(path), run, `${localPath}, ${path}`),
    dimensionScales(path) {
      const found = dataset(path);
      const { shape } = describe(found, run, `${localPath}, ${path}`);
      return shape.map((_, axis) => run(() => found.get_attached_scales(axis))[0] ?? null);
    },
    readSlice(path, ranges) {
      const found = dataset(path);
      const description = describe(found, run, `${localPath}, ${path}`);
      checkSlice(found, description, ranges, `${localPath}, ${path}`);
      // HDF5 cuts no slices from a scalar.
      const slice = () => (ranges.length === 0 ? found.value : found.slice(ranges.map(([start, end]) => [start, end])));
      return numbersOf(run(slice));
    },
    readText(path) {
      const found = dataset(path);
      const { type } = describe(found, run, `${localPath}, ${path}`);
      if (type !== 'string') throw new FormatError(`Expected text, got ${type} (${localPath}, ${path}).`, { path });
      const value = run(() => wholeValue(found));
      return (Array.isArray(value) ? value.join('\n') : String(value ?? '')).replace(/[\0\s]+$/, '');
    },
    close() {
      if (isOpen) run(() => file.close());
      isOpen = false;
    },
  };
}

function typeOf(file: File, path: string): number | null {
  try {
    return file.get_type(path);
  } catch (error) {
    const isNowhere = /traversal fail|not found|can't follow|too many links|unable to open external file/i;
    if (error instanceof Error && isNowhere.test(error.message)) return null;
    throw error;
  }
}

function describe(dataset: Dataset, run: <T>(call: () => T) => T, where: string): Hdf5Dataset {
  const metadata = run(() => dataset.metadata);
  const elsewhere = metadata.virtual_sources?.find((source) => source.file_name !== '.');
  if (elsewhere !== undefined) {
    throw new FormatError(
      `Expected data inside the file, got a view of ${elsewhere.file_name.slice(0, 80)} (${where}). Write it into one file: h5repack OLD NEW, or h5py with a copy of the data.`,
      { where },
    );
  }
  return { type: datasetType(metadata, where), shape: metadata.shape ?? [0], chunkShape: metadata.chunks };
}

/** Checks the ranges, and what HDF5 would allocate for them, before it does. */
function checkSlice(
  dataset: Dataset,
  { shape, type, chunkShape }: Hdf5Dataset,
  ranges: readonly (readonly [number, number])[],
  where: string,
): void {
  const isInside =
    ranges.length === shape.length &&
    ranges.every(([start, end], axis) => start >= 0 && start < end && end <= shape[axis]!);
  if (type === 'string' || !isInside) {
    throw new FormatError(
      `Expected a range of numbers inside ${shape.join(' x ')}, got ${ranges.join('; ')} (${where}).`,
      {
        where,
      },
    );
  }
  const unknown = dataset.filters.find(({ id }) => id > knownFilterMax);
  if (unknown !== undefined) {
    throw new FormatError(
      `Expected data compressed with a filter that HDF5 itself has, got "${unknown.name || unknown.id}" (${where}). Write it again: h5repack -f GZIP=4 OLD NEW.`,
      { where, filter: unknown.id },
    );
  }
  const { size } = dataset.metadata;
  const sliceBytes = ranges.reduce((bytes, [start, end]) => bytes * (end - start), size);
  const chunkBytes = (chunkShape ?? []).reduce((bytes, length) => bytes * length, size);
  if (sliceBytes <= windowBytesMax && chunkBytes <= decodedChunkBytesMax) return;
  throw new FormatError(
    `Expected slices up to ${windowBytesMax} bytes in chunks up to ${decodedChunkBytesMax} bytes, got ${sliceBytes} in ${chunkBytes} (${where}). Read fewer lines, or write the file with smaller chunks (h5repack -l).`,
    { where, sliceBytes, chunkBytes },
  );
}

/** 64-bit integers become float64; a scalar becomes an array of one. */
function numbersOf(value: unknown): SampleArray {
  if (typeof value === 'number') return Float64Array.of(value);
  if (typeof value === 'bigint') return Float64Array.of(Number(value));
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Float64Array.from(value, Number);
  return value as SampleArray;
}

function wholeValue(dataset: Dataset): unknown {
  const { size, total_size } = dataset.metadata;
  if (size * total_size > textFileBytesMax) {
    throw new FormatError(`Expected a text of at most ${textFileBytesMax} bytes, got ${size * total_size}.`);
  }
  return dataset.value;
}

/** Attributes that are numbers or texts; others (references, compounds) and those too large to be attributes are left out. */
function readAttributes(library: LoadedLibrary, file: File, path: string): Map<string, Hdf5Attribute> {
  const found = new Map<string, Hdf5Attribute>();
  const { Attribute } = library.h5wasm;
  for (const name of library.module.get_attribute_names(file.file_id, path)) {
    const attribute = new Attribute(file.file_id, path, name);
    const { type, size, total_size } = attribute.metadata;
    const isPlain = type === 0 || type === 3 || type === 8 || (type === 1 && size >= 4);
    if (!isPlain || size * total_size > textFileBytesMax || total_size === 0) continue;
    const value = attribute.value;
    const isList = Array.isArray(value) || ArrayBuffer.isView(value);
    const single = isList && (value as ArrayLike<unknown>).length === 1 ? (value as ArrayLike<unknown>)[0] : value;
    found.set(name, (typeof single === 'string' ? single.replace(/\0+$/, '') : single) as Hdf5Attribute);
  }
  return found;
}
