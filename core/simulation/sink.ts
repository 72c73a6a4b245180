/** Where a simulation writes. Paths are raw keys, or a plain file name; `/`-separated, relative. */
export interface SimulationSink {
  create(path: string): Promise<SimulationFile>;
  /** An HDF5 file, or a NetCDF-4 file, which is HDF5 too. */
  createHdf5(path: string): Promise<Hdf5Writer>;
}

export interface SimulationFile {
  /** The buffer may be reused as soon as the promise resolves. */
  append(bytes: Uint8Array): Promise<void>;
  close(): Promise<WrittenFile>;
}

export interface WrittenFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export type Hdf5Numbers = Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** Writes the same bytes for the same calls: no clock time gets into the file. Paths are absolute: `/group/name`. */
export interface Hdf5Writer {
  createGroup(path: string): void;
  /** A whole dataset; a text becomes a scalar. */
  createDataset(path: string, data: Hdf5Numbers | string, shape?: readonly number[]): void;
  /** A dataset whose first axis grows with every `append` up to `shape`. */
  createGrowing(
    path: string,
    shape: readonly number[],
    chunkShape: readonly number[],
    deflateLevel: number,
  ): HdfAppender;
  /** A one-element array becomes a scalar. */
  setAttribute(path: string, name: string, value: Hdf5Numbers | string): void;
  /** A netCDF dimension without values of its own. */
  createDimension(name: string, length: number): void;
  /** Names the axes of a dataset by dimensions, in order. */
  nameAxes(path: string, dimensions: readonly string[]): void;
  close(): Promise<WrittenFile>;
}

export interface HdfAppender {
  /** `data` holds `count` whole steps of the first axis. */
  append(data: Hdf5Numbers, count: number): void;
}
