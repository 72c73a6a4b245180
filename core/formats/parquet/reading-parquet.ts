import { CubelakeError, FormatError } from '../../errors.ts';
import type { ByteSource } from '../../ports/byte-source.ts';

/**
 * What the hyparquet package reads of a file, and what it throws of bytes that nobody vouches for as one error of ours.
 * @throws FormatError when the bytes are not such a file. Disposition: quarantine. Errors of ours as they are: a store that does
 *   not answer says nothing of the bytes.
 */
export async function readingParquet<Result>(source: ByteSource, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof CubelakeError) throw cause;
    throw new FormatError(
      `Expected a Parquet file, got bytes that cannot be read as one (${source.name}).`,
      { path: source.name },
      cause,
    );
  }
}
