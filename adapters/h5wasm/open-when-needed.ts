import type { Hdf5Opener } from '#core/ports/hdf5-file.ts';

/** Loads the HDF5 library with the first file: a job on ENVI cubes saves its memory in every thread. */
export const openHdf5WhenNeeded: Hdf5Opener = async (localPath) => {
  const { openHdf5 } = await import('./open-hdf5.ts');
  return openHdf5(localPath);
};
