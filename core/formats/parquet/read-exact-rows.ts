import { parquetReadObjects } from 'hyparquet';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { CellValue } from './cell-columns.ts';
import { boundedCodecs } from './codecs.ts';
import { readColumns } from './read-columns.ts';
import { asyncBufferOf, exactParsers, type ParquetFooter, type PlainFooter } from './read-footer.ts';
import { readingParquet } from './reading-parquet.ts';

/** A row as stored: dates are days, times microseconds, text, numbers, bigint for 64-bit integers, NULL as null. */
export type ExactRow = Readonly<Record<string, string | number | bigint | boolean | null>>;

/**
 * All rows of a file whose footer has been read, for writing them again. The caller bounds how many there are.
 * @throws FormatError when the pages cannot be read. Disposition: quarantine.
 */
export async function readExactRows(source: ByteSource, footer: ParquetFooter): Promise<ExactRow[]> {
  const rows = await readingParquet(source, () =>
    parquetReadObjects({
      file: asyncBufferOf(source),
      metadata: footer.metadata,
      parsers: exactParsers,
      compressors: boundedCodecs(source.name),
    }),
  );
  return rows as ExactRow[];
}

/** Cells of one column in a range of rows, NULL as null. */
export type ExactCells = ArrayLike<CellValue | undefined>;

/**
 * Some columns of some rows of a file of any program, for writing them again.
 * @throws FormatError when the pages cannot be read, or hold text that is not UTF-8. Disposition: quarantine.
 */
export async function readExactColumns(
  source: ByteSource,
  { metadata }: Pick<PlainFooter, 'metadata'>,
  rows: { readonly rowStart: number; readonly rowEnd: number },
  names: readonly string[],
): Promise<readonly ExactCells[]> {
  const columns = await readingParquet(source, () =>
    readColumns(
      {
        file: asyncBufferOf(source),
        metadata,
        compressors: boundedCodecs(source.name),
        parsers: { ...exactParsers, stringFromBytes: (bytes) => strictText.decode(bytes) },
        ...rows,
      },
      names,
    ),
  );
  return columns as readonly ExactCells[];
}

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
