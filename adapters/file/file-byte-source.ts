import { type FileHandle, open } from 'node:fs/promises';
import { NotFoundError, TruncatedInputError } from '#core/errors.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';

/**
 * A file on the local disk as a source. The open file is what is read: a file that replaces it under the same name is
 * not seen.
 * @throws NotFoundError when there is no such file. Disposition: quarantine.
 */
export async function fileByteSource(path: string): Promise<ByteSource> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new NotFoundError(`Expected a file, got none (${path}).`, { path }, cause);
  }
  const { size } = await handle.stat();
  return {
    name: path,
    sizeBytes: size,
    async readInto(offsetBytes, target) {
      let filledBytes = 0;
      while (filledBytes < target.byteLength) {
        const { bytesRead } = await handle.read(
          target,
          filledBytes,
          target.byteLength - filledBytes,
          offsetBytes + filledBytes,
        );
        if (bytesRead === 0) {
          const expectedBytes = offsetBytes + target.byteLength;
          throw new TruncatedInputError({ path, expectedBytes, actualBytes: offsetBytes + filledBytes });
        }
        filledBytes += bytesRead;
      }
    },
    localPath: async () => path,
    close: () => handle.close(),
  };
}
