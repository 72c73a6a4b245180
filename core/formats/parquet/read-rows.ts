import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';
import { boundedCodecs } from './codecs.ts';
import { readingParquet } from './reading-parquet.ts';

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
  return readingParquet(source, async () => {
    const metadata = await parquetMetadataAsync(file);
    const present = new Set(metadata.schema.map((element) => element.name));
    return parquetReadObjects({
      file,
      metadata,
      columns: columns.filter((name) => present.has(name)),
      compressors: boundedCodecs(source.name),
    });
  });
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
