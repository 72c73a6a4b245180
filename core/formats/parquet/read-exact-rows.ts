import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { asyncBufferOf, exactParsers, type ParquetFooter } from './read-footer.ts';

/** A row as stored: dates are days, times microseconds, text, numbers, bigint for 64-bit integers, NULL as null. */
export type ExactRow = Readonly<Record<string, string | number | bigint | boolean | null>>;

/**
 * All rows of a file whose footer has been read, for writing them again. The caller bounds how many there are.
 * @throws FormatError when the pages cannot be read. Disposition: quarantine.
 */
export async function readExactRows(source: ByteSource, footer: ParquetFooter): Promise<ExactRow[]> {
  try {
    const rows = await parquetReadObjects({
      file: asyncBufferOf(source),
      metadata: footer.metadata,
      parsers: exactParsers,
      compressors: {
        ZSTD: (input, outputLength) => {
          if (outputLength > decodedChunkBytesMax)
            throw new FormatError(
              `Expected pages below ${decodedChunkBytesMax} bytes, got ${outputLength} (${source.name}).`,
            );
          return zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) });
        },
      },
    });
    return rows as ExactRow[];
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`Expected Parquet pages, got bytes that cannot be read as such (${source.name}).`, {}, cause);
  }
}
