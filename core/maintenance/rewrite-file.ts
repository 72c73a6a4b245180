import { FormatError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import type { CellValue } from '../formats/parquet/cell-columns.ts';
import { type ColumnChunkFacts, encodeRowGroup, rowGroupScratch } from '../formats/parquet/encode-row-group.ts';
import { type ExactCells, readExactColumns } from '../formats/parquet/read-exact-rows.ts';
import { type PlainFooter, readPlainFooter } from '../formats/parquet/read-footer.ts';
import { exactColumn } from '../formats/parquet/row-columns.ts';
import { rewrittenCellCountMax } from '../limits.ts';
import type { ByteSource } from '../ports/byte-source.ts';
import { type GranuleRows, granuleOfRowGroup } from './granule-rows.ts';
import { columnsFor, MergedFile, type MergedFileContext } from './write-merged-file.ts';

/** A file that is being read, and its rows from `rowStart` to before `rowEnd`. */
interface RowsToRead {
  readonly source: ByteSource;
  readonly footer: PlainFooter;
  /** Names of the columns that tell the granule of a row; null where the file lacks it. */
  readonly names: Readonly<Record<keyof GranuleRows, string | null>>;
  readonly rowStart: number;
  readonly rowEnd: number;
}

/**
 * Writes a Parquet file of any program anew without the rows of some granules. The others keep their order and every value:
 * NULL, NaN, and columns that the definition of the table does not know. Row groups of ours that hold one granule are copied
 * byte for byte; of the others some columns are decoded at a time, so that a file of any size takes the same memory.
 *
 * @returns null when no row is left.
 * @throws FormatError for a file that cannot be read or tells no granules, and for columns of other types than this writer's or
 *   without field ids. Disposition: quarantine.
 */
export async function rewriteFile(
  context: MergedFileContext,
  file: DataFile,
  isLeftOut: (granule: { readonly cubeId: unknown; readonly processingId: unknown }) => boolean,
): Promise<DataFile | null> {
  const source = await context.warehouse.open(keyOf(context.warehouse, file.path));
  try {
    const footer = await readPlainFooter(source);
    const names = granuleColumns(context, footer, file.path);
    const output = new MergedFile(context, columnsFor(context.table, footer.columns));
    try {
      let rowStart = 0;
      for (const [position, { num_rows: rowCount }] of footer.metadata.row_groups.entries()) {
        const rowEnd = rowStart + Number(rowCount);
        if (!(rowEnd <= file.recordCount))
          throw new FormatError(`Expected ${file.recordCount} rows, got more (${file.path}).`, { path: file.path });
        const own = footer.own?.rowGroups[position];
        const granule = own === undefined ? null : granuleOfRowGroup(footer, own);
        if (own !== undefined && granule !== null) {
          if (!isLeftOut(granule)) await output.copy(source, own);
        } else await rewriteRows(output, { source, footer, names, rowStart, rowEnd }, isLeftOut);
        rowStart = rowEnd;
      }
      return await output.finish();
    } catch (error) {
      await output.abort();
      throw error;
    }
  } finally {
    await source.close();
  }
}

/** By field id: the names of a file are those of its time. */
function granuleColumns({ table }: MergedFileContext, { columns }: PlainFooter, path: string): RowsToRead['names'] {
  const nameOf = (column: string): string | null => {
    const id = table.columns.find(({ name }) => name === column)?.id;
    return columns.find((own) => own.id === id)?.name ?? null;
  };
  const names = { cubeId: nameOf('cube_id'), processingId: nameOf('processing_id') };
  if (names.processingId !== null) return names;
  throw new FormatError(
    `Expected a column processing_id that tells whose rows they are, got none (${path}). Delete the old rows with the program that wrote the file.`,
    { path },
  );
}

/** Writes the rows that stay as row groups of at most `rewrittenCellCountMax` rows. */
async function rewriteRows(
  output: MergedFile,
  rows: RowsToRead,
  isLeftOut: Parameters<typeof rewriteFile>[2],
): Promise<void> {
  for (let rowStart = rows.rowStart; rowStart < rows.rowEnd; rowStart += rewrittenCellCountMax) {
    const some = { ...rows, rowStart, rowEnd: Math.min(rows.rowEnd, rowStart + rewrittenCellCountMax) };
    const kept = await keptRows(some, isLeftOut);
    if (kept.length > 0) await writeRows(output, some, kept);
  }
}

/** Positions of the rows that stay, from 0. */
async function keptRows(
  { source, footer, names, ...rows }: RowsToRead,
  isLeftOut: Parameters<typeof rewriteFile>[2],
): Promise<Int32Array> {
  const wanted = [names.processingId, names.cubeId].filter((name) => name !== null);
  const [processingIds, cubeIds] = await readExactColumns(source, footer, rows, wanted);
  const kept = new Int32Array(rows.rowEnd - rows.rowStart);
  let count = 0;
  for (let row = 0; row < kept.length; row++) {
    const granule = { processingId: processingIds![row], cubeId: cubeIds?.[row] };
    if (!isLeftOut(granule)) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

/** One row group, written column by column. */
async function writeRows(output: MergedFile, rows: RowsToRead, kept: Int32Array): Promise<void> {
  const { source, footer, rowStart, rowEnd } = rows;
  const columnCountMax = Math.max(1, Math.floor(rewrittenCellCountMax / (rowEnd - rowStart)));
  const scratch = rowGroupScratch();
  const chunks: ColumnChunkFacts[] = [];
  let sizeBytes = 0;
  for (let first = 0; first < output.columns.length; first += columnCountMax) {
    const columns = output.columns.slice(first, first + columnCountMax);
    const names = columns.map(({ name }) => name);
    const read = await readExactColumns(source, footer, { rowStart, rowEnd }, names);
    for (const [position, column] of columns.entries()) {
      const values = exactColumn(column.type, keptCells(read[position]!, kept));
      const { bytes, columns: encoded } = encodeRowGroup([column], [values], kept.length, scratch);
      const chunk = encoded[0]!;
      await output.append(bytes);
      chunks.push({
        ...chunk,
        startBytes: chunk.startBytes + sizeBytes,
        dataPageStartBytes: chunk.dataPageStartBytes + sizeBytes,
      });
      sizeBytes += bytes.length;
    }
  }
  output.add({ rowCount: kept.length, columns: chunks, sizeBytes });
}

function keptCells(cells: ExactCells, kept: Int32Array): CellValue[] {
  return Array.from(kept, (row) => cells[row] ?? null);
}
