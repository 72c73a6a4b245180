import { zstdDecompressSync } from 'node:zlib';
import { type AsyncBuffer, type Compressors, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax } from '../../limits.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';

/**
 * Rows of a small Parquet file as objects, by the hyparquet package: gold, reference and recommendation tables. Silver is
 * never read this way.
 *
 * @param columns Names to read; absent columns are left out of the rows.
 * @returns Values as stored: dates as Date, timestamps as Date, 64-bit integers as bigint, NULL as null.
 * @throws FormatError when the bytes are not such a file. Disposition: quarantine.
 */
export async function readRows(source: ByteSource, columns: readonly string[]): Promise<Record<string, unknown>[]> {
  const file = asyncBuffer(source);
  try {
    const metadata = await parquetMetadataAsync(file);
    const present = new Set(metadata.schema.map((element) => element.name));
    return await parquetReadObjects({
      file,
      metadata,
      columns: columns.filter((name) => present.has(name)),
      compressors: boundedZstd(source),
    });
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(
      `Expected a Parquet file, got bytes that cannot be read as one (${source.name}).`,
      { path: source.name },
      cause,
    );
  }
}

/** A byte source as hyparquet wants it. */
export function asyncBuffer(source: ByteSource): AsyncBuffer {
  return {
    byteLength: source.sizeBytes,
    slice: async (start: number, end: number = source.sizeBytes): Promise<ArrayBuffer> => {
      const from = start < 0 ? source.sizeBytes + start : start;
      const bytes = await readBytes(source, from, Math.min(end, source.sizeBytes) - from);
      return bytes.buffer as ArrayBuffer;
    },
  };
}

/** @throws FormatError for a page that claims to expand beyond all measure. Disposition: quarantine. */
export function boundedZstd(source: ByteSource): Compressors {
  return {
    ZSTD: (input, outputLength) => {
      if (outputLength > decodedChunkBytesMax)
        throw new FormatError(
          `Expected pages below ${decodedChunkBytesMax} bytes, got ${outputLength} (${source.name}).`,
        );
      return zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) });
    },
  };
}
