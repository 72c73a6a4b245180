import type { Hdf5Opener } from '#core/ports/hdf5-file.ts';
import { openFile } from './read-file.ts';
import { watchStructure } from './watch-structure.ts';

/**
 * Opens an HDF5 file for reading slices from disk, after another thread has come to the end of its structure.
 * @throws TruncatedInputError, FormatError, NotFoundError. Disposition: quarantine.
 */
export const openHdf5: Hdf5Opener = async (localPath) => {
  await watchStructure(localPath);
  return openFile(localPath);
};
