import type { SampleArray } from '../cube/cube.ts';

/** Opens an HDF5 or NetCDF-4 file for reading slices; adapters/h5wasm implements it. */
export type Hdf5Opener = (localPath: string) => Promise<Hdf5File>;

/** Attribute values: 64-bit integers come as bigint, one-element arrays as scalars. */
export type Hdf5Attribute = string | number | bigint | readonly string[] | SampleArray | BigInt64Array | BigUint64Array;

export interface Hdf5File {
  /** Absolute paths (`/a/b`) of the direct members of a group; empty for an unknown group. */
  members(group: string): readonly string[];
  kind(path: string): 'group' | 'dataset' | null;
  attributes(path: string): ReadonlyMap<string, Hdf5Attribute>;
  /** @throws NotFoundError; FormatError for a type that is not numeric, string or fixed width. */
  describe(path: string): Hdf5Dataset;
  /** Paths of the dimension scales of a dataset, one for each axis; null where an axis has none. */
  dimensionScales(path: string): readonly (string | null)[];
  /** Half-open ranges, one for each dimension. 64-bit integers come as Float64Array. */
  readSlice(path: string, ranges: readonly (readonly [number, number])[]): SampleArray;
  /** A scalar or whole small string dataset. */
  readText(path: string): string;
  close(): void;
}

export interface Hdf5Dataset {
  readonly shape: readonly number[];
  /** Little- or big-endian in the file; slices are always in native order. */
  readonly type:
    | 'int8'
    | 'uint8'
    | 'int16'
    | 'uint16'
    | 'int32'
    | 'uint32'
    | 'int64'
    | 'uint64'
    | 'float32'
    | 'float64'
    | 'string';
  readonly chunkShape: readonly number[] | null;
}
