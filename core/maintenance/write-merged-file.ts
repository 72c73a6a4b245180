import { partIdColumn } from '#schemas/edge-columns.ts';
import { partFactsKey } from '#schemas/edge-messages.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { FormatError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { keyOf, uriOf } from '../formats/iceberg/table-location.ts';
import { encodeRowGroup, rowGroupScratch } from '../formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '../formats/parquet/parquet-column.ts';
import { ParquetFileFacts, parquetMagic } from '../formats/parquet/parquet-file.ts';
import { type ExactRow, readExactRows } from '../formats/parquet/read-exact-rows.ts';
import { type ParquetFooter, readFooter, type StoredRowGroup } from '../formats/parquet/read-footer.ts';
import { columnsOfRows } from '../formats/parquet/row-columns.ts';
import { windowBytesMax } from '../limits.ts';
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

/**
 * Copies row groups byte for byte, in the order of the files, into one new file with a footer of its own.
 *
 * @param keeps False leaves a row group out.
 * @returns null when nothing was kept; otherwise what Iceberg keeps of a file that was written at once.
 * @throws FormatError when a file is not of this writer or has other columns than the first. Disposition: quarantine.
 */
export async function copyRowGroups(
  context: MergedFileContext,
  files: readonly DataFile[],
  keeps: (granule: GranuleRows | null) => boolean = () => true,
): Promise<DataFile | null> {
  let output: { writer: ObjectWriter; facts: ParquetFileFacts; columns: readonly ParquetColumn[] } | null = null;
  const granules: (GranuleRows | null)[] = [];
  const footers: ParquetFooter[] = [];
  try {
    for (const file of files) {
      await withFile(context.warehouse, file, async (source, footer) => {
        footers.push(footer);
        const columns = columnsFor(context.table, footer);
        for (const group of footer.rowGroups) {
          const granule = granuleOfRowGroup(footer, group);
          if (!keeps(granule)) continue;
          output ??= await startFile(context, columns);
          if (JSON.stringify(columns) !== JSON.stringify(output.columns))
            throw new FormatError(`Expected the columns of ${files[0]!.path}, got others (${file.path}).`);
          const bytes = await rowGroupBytes(source, group);
          await output.writer.append(bytes);
          output.facts.add({ rowCount: group.rowCount, columns: group.columns, bytes });
          granules.push(granule);
        }
      });
    }
    return output === null ? null : await finishFile(context, output, granules, footers);
  } catch (error) {
    await (output as { writer: ObjectWriter } | null)?.writer.abort();
    throw error;
  }
}

/**
 * Decodes the rows of small files, sorts them by the keys of the table and writes them as one row group.
 *
 * @returns null when nothing was kept, or `lossy` when a value cannot be written as it was read: such files are copied.
 */
export async function mergeRows(
  context: MergedFileContext,
  files: readonly DataFile[],
  keeps: (row: ExactRow) => boolean = () => true,
): Promise<DataFile | null | 'lossy'> {
  const rows: ExactRow[] = [];
  const footers: ParquetFooter[] = [];
  for (const file of files) {
    await withFile(context.warehouse, file, async (source, own) => {
      footers.push(own);
      for (const row of await readExactRows(source, own)) if (keeps(row)) rows.push(row);
    });
  }
  const [footer] = footers;
  if (footer === undefined || rows.length === 0) return null;
  const columns = columnsFor(context.table, footer);
  rows.sort(compareByKeys(sortKeysOf(columns)));
  const values = columnsOfRows(columns, rows);
  if (values === null) return 'lossy';
  const group = encodeRowGroup(columns, values, rows.length, rowGroupScratch());
  const output = await startFile(context, columns);
  try {
    await output.writer.append(group.bytes);
    output.facts.add(group);
    return await finishFile(context, output, [granuleOfRowGroup({ columns }, group)], footers);
  } catch (error) {
    await output.writer.abort();
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
function columnsFor(table: TableDefinition, footer: ParquetFooter): ParquetColumn[] {
  const metrics = new Map([...table.columns, partIdColumn].map((column) => [column.id, column.metrics]));
  return footer.columns.map((column) => ({ ...column, metrics: metrics.get(column.id) ?? 'none' }));
}

async function rowGroupBytes(source: ByteSource, group: StoredRowGroup): Promise<Uint8Array<ArrayBuffer>> {
  if (group.sizeBytes > windowBytesMax)
    throw new FormatError(
      `Expected row groups of at most ${windowBytesMax} bytes, got ${group.sizeBytes} (${source.name}).`,
    );
  return (await readBytes(source, group.startBytes, group.sizeBytes)) as Uint8Array<ArrayBuffer>;
}

async function startFile({ warehouse, key }: MergedFileContext, columns: readonly ParquetColumn[]) {
  const writer = await warehouse.write(key);
  await writer.append(parquetMagic);
  return { writer, columns, facts: new ParquetFileFacts(columns) };
}

async function finishFile(
  { warehouse, key, partition }: MergedFileContext,
  { writer, facts }: { writer: ObjectWriter; facts: ParquetFileFacts },
  granules: readonly (GranuleRows | null)[],
  footers: readonly ParquetFooter[],
): Promise<DataFile> {
  await writer.append(facts.footer({ ...describeGranules(granules), ...cellFactsOf(footers) }));
  const { sizeBytes } = await writer.commit();
  return facts.dataFile(uriOf(warehouse, key), partition, sizeBytes);
}

/** What all files of the field say of their cells. */
function cellFactsOf(footers: readonly ParquetFooter[]): Record<string, string> {
  const [said, ...others] = new Set(footers.map(({ keyValues }) => keyValues[partFactsKey]));
  return said === undefined || others.length > 0 ? {} : { [partFactsKey]: said };
}
