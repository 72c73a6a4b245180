import { type AsyncBuffer, type Compressors, type FileMetaData, parquetRead } from 'hyparquet';

export interface RowRange {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly compressors: Compressors;
  readonly rowStart: number;
  readonly rowEnd: number;
}

export type ReadColumn = ArrayLike<unknown>;

/** Columns of a range of rows, in the order of `names`; NULL as null. */
export async function readColumns(range: RowRange, names: readonly string[]): Promise<readonly ReadColumn[]> {
  const columns = names.map((): unknown[] => new Array(range.rowEnd - range.rowStart));
  await parquetRead({
    ...range,
    columns: [...names],
    onChunk: ({ columnName, columnData, rowStart }) => {
      const column = columns[names.indexOf(columnName)]!;
      for (let row = 0; row < columnData.length; row++) column[rowStart - range.rowStart + row] = columnData[row];
    },
  });
  return columns;
}
