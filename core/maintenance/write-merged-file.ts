import { partIdColumn } from '#schemas/edge-columns.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { FormatError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { keyOf, uriOf } from '../formats/iceberg/table-location.ts';
import { encodeRowGroup, rowGroupScratch } from '../formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '../formats/parquet/parquet-column.ts';
import { ParquetFileFacts, parquetMagic } from '../formats/parquet/parquet-file.ts';
import { type ExactRow, readExactRows } from '../formats/parquet/read-exact-rows.ts';
import {
  type FooterColumn,
  type ParquetFooter,
  readFooter,
  type StoredRowGroup,
} from '../formats/parquet/read-footer.ts';
import { columnsOfRows } from '../formats/parquet/row-columns.ts';
import { copiedBytesMax } from '../limits.ts';
import { type ByteSource, readBytes } from '../ports/byte-source.ts';
import type { ObjectStore, ObjectWriter } from '../ports/object-store.ts';
import { describeGranules, type GranuleRows, granuleOfRowGroup } from './granule-rows.ts';
import { compareByKeys, sortKeysOf } from './row-order.ts';

export interface MergedFileContext {
  readonly warehouse: ObjectStore;
  readonly table: TableDefinition;
  /** Key of the new file. The same inputs must give the same key: a repeated attempt writes the same bytes. */
  readonly key: string;
  readonly partition: DataFile['partition'];
}

/** A data file that is written row group by row group; it begins with the first. */
export class MergedFile {
  readonly columns: readonly ParquetColumn[];
  readonly #context: MergedFileContext;
  readonly #facts: ParquetFileFacts;
  readonly #granules: (GranuleRows | null)[] = [];
  #writer: ObjectWriter | null = null;

  constructor(context: MergedFileContext, columns: readonly ParquetColumn[]) {
    this.#context = context;
    this.columns = columns;
    this.#facts = new ParquetFileFacts(columns);
  }

  /** Bytes of the row group that `add` will tell of. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#writer === null) {
      this.#writer = await this.#context.warehouse.write(this.#context.key);
      await this.#writer.append(parquetMagic);
    }
    await this.#writer.append(bytes);
  }

  /** Ends a row group whose bytes have been appended. */
  add(group: Pick<StoredRowGroup, 'rowCount' | 'columns' | 'sizeBytes'>): void {
    const { rowCount, columns, sizeBytes } = group;
    this.#facts.add({ rowCount, columns, bytes: { length: sizeBytes } });
    this.#granules.push(granuleOfRowGroup(this, group));
  }

  /** Copies a row group byte for byte, piece by piece. */
  async copy(source: ByteSource, group: StoredRowGroup): Promise<void> {
    const endBytes = group.startBytes + group.sizeBytes;
    for (let start = group.startBytes; start < endBytes; start += copiedBytesMax)
      await this.append(await readBytes(source, start, Math.min(copiedBytesMax, endBytes - start)));
    this.add(group);
  }

  /** @returns What Iceberg keeps of the file, as if it had been written at once; null when nothing was added. */
  async finish(): Promise<DataFile | null> {
    if (this.#writer === null) return null;
    const { warehouse, key, partition } = this.#context;
    await this.#writer.append(this.#facts.footer(describeGranules(this.#granules)));
    const { sizeBytes } = await this.#writer.commit();
    return this.#facts.dataFile(uriOf(warehouse, key), partition, sizeBytes);
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }
}

/**
 * Copies row groups byte for byte, in the order of the files, into one new file with a footer of its own.
 *
 * @returns null without files.
 * @throws FormatError when a file is not of this writer or has other columns than the first. Disposition: quarantine.
 */
export async function copyRowGroups(context: MergedFileContext, files: readonly DataFile[]): Promise<DataFile | null> {
  let output: MergedFile | null = null;
  try {
    for (const file of files) {
      await withFile(context.warehouse, file, async (source, footer) => {
        const columns = columnsFor(context.table, footer.columns);
        output ??= new MergedFile(context, columns);
        if (JSON.stringify(columns) !== JSON.stringify(output.columns))
          throw new FormatError(`Expected the columns of ${files[0]!.path}, got others (${file.path}).`);
        for (const group of footer.rowGroups) await output.copy(source, group);
      });
    }
    return (await (output as MergedFile | null)?.finish()) ?? null;
  } catch (error) {
    await (output as MergedFile | null)?.abort();
    throw error;
  }
}

/**
 * Decodes the rows of small files, sorts them by the keys of the table and writes them as one row group.
 * @returns null without rows.
 */
export async function mergeRows(context: MergedFileContext, files: readonly DataFile[]): Promise<DataFile | null> {
  const rows: ExactRow[] = [];
  let footer: ParquetFooter | null = null;
  for (const file of files) {
    await withFile(context.warehouse, file, async (source, own) => {
      footer ??= own;
      for (const row of await readExactRows(source, own)) rows.push(row);
    });
  }
  if (footer === null || rows.length === 0) return null;
  const columns = columnsFor(context.table, (footer as ParquetFooter).columns);
  rows.sort(compareByKeys(sortKeysOf(columns)));
  const { bytes, ...group } = encodeRowGroup(columns, columnsOfRows(columns, rows), rows.length, rowGroupScratch());
  const output = new MergedFile(context, columns);
  try {
    await output.append(bytes);
    output.add({ ...group, sizeBytes: bytes.length });
    return await output.finish();
  } catch (error) {
    await output.abort();
    throw error;
  }
}

/** Opens a file of ours for as long as `use` takes. */
export async function withFile<T>(
  warehouse: ObjectStore,
  file: Pick<DataFile, 'path'>,
  use: (source: ByteSource, footer: ParquetFooter) => Promise<T>,
): Promise<T> {
  const source = await warehouse.open(keyOf(warehouse, file.path));
  try {
    const footer = await readFooter(source);
    if (footer === null)
      throw new FormatError(`Expected a file that Cubelake wrote, got another program's (${file.path}).`);
    return await use(source, footer);
  } finally {
    await source.close();
  }
}

/** Bounds are kept of the columns that the table searches by, and of no band. */
export function columnsFor(table: TableDefinition, columns: readonly FooterColumn[]): ParquetColumn[] {
  const metrics = new Map([...table.columns, partIdColumn].map((column) => [column.id, column.metrics]));
  return columns.map((column) => ({ ...column, metrics: metrics.get(column.id) ?? 'none' }));
}
