import { type AsyncBuffer, type Compressors, type FileMetaData, type ParquetParsers, parquetRead } from 'hyparquet';
import { FormatError } from '../../errors.ts';

export interface RowRange {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly compressors: Compressors;
  readonly rowStart: number;
  readonly rowEnd: number;
  /** Values as the file holds them; dates and times as Date when absent. */
  readonly parsers?: Partial<ParquetParsers>;
}

export type ReadColumn = ArrayLike<unknown>;

/**
 * Columns of a range of rows, in the order of `names`; NULL as null or undefined.
 * @throws FormatError when the pages hold fewer rows. Disposition: quarantine.
 */
export async function readColumns(range: RowRange, names: readonly string[]): Promise<readonly ReadColumn[]> {
  const rowCount = range.rowEnd - range.rowStart;
  const columns = names.map((): unknown[] => new Array(rowCount));
  const readCounts = names.map(() => 0);
  await parquetRead({
    ...range,
    columns: [...names],
    onChunk: ({ columnName, columnData, rowStart }) => {
      const position = names.indexOf(columnName);
      const column = columns[position]!;
      // Pages come whole, also where only some of their rows are wanted.
      const end = Math.min(columnData.length, range.rowEnd - rowStart);
      const start = Math.max(0, range.rowStart - rowStart);
      for (let row = start; row < end; row++) column[rowStart - range.rowStart + row] = columnData[row];
      readCounts[position]! += Math.max(0, end - start);
    },
  });
  const lacking = readCounts.findIndex((count) => count !== rowCount);
  if (lacking !== -1)
    throw new FormatError(`Expected ${rowCount} rows of ${names[lacking]}, got ${readCounts[lacking]}.`);
  return columns;
}
