import { parquetMetadataAsync } from 'hyparquet';
import type { ByteSource } from '../../ports/byte-source.ts';
import { boundedCodecs } from './codecs.ts';
import { type ReadColumn, readColumns } from './read-columns.ts';
import { asyncBuffer } from './read-rows.ts';
import { readingParquet } from './reading-parquet.ts';

export interface RowGroup {
  readonly rowCount: number;
  /** Names of the file's columns. */
  readonly names: ReadonlySet<string>;
  /** Smallest and greatest number of a column; null where the file does not say. */
  bounds(name: string): { readonly least: number; readonly most: number } | null;
  /** Columns in the order of `names`; NULL as null. */
  read(names: readonly string[]): Promise<readonly ReadColumn[]>;
}

/** One Parquet file, row group by row group. */
export interface RowGroupFile {
  readonly groups: readonly RowGroup[];
}

/** Reads the footer alone. @throws FormatError when the bytes are not such a file. Disposition: quarantine. */
export async function openRowGroups(source: ByteSource): Promise<RowGroupFile> {
  const file = asyncBuffer(source);
  const metadata = await readingParquet(source, () => parquetMetadataAsync(file));
  const names = new Set(metadata.schema.slice(1).map(({ name }) => name));
  let next = 0;
  const groups = metadata.row_groups.map((group): RowGroup => {
    const rowStart = next;
    const rowCount = Number(group.num_rows);
    next += rowCount;
    return {
      rowCount,
      names,
      bounds(name) {
        const column = group.columns.find(({ meta_data: facts }) => facts?.path_in_schema[0] === name);
        const { min_value: least, max_value: most } = column?.meta_data?.statistics ?? {};
        return typeof least === 'number' && typeof most === 'number' ? { least, most } : null;
      },
      read: (wanted) =>
        readingParquet(source, () =>
          readColumns(
            { file, metadata, rowStart, rowEnd: rowStart + rowCount, compressors: boundedCodecs(source.name) },
            wanted,
          ),
        ),
    };
  });
  return { groups };
}
