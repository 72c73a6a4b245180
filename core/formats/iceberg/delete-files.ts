import { FormatError } from '../../errors.ts';
import type { AvroRecord } from '../avro/avro-value.ts';
import { boundsMayMatch } from './conditions.ts';
import { boundOf, dataFileId, pathOf } from './data-file-record.ts';
import type { ManifestEntry } from './manifest.ts';
import { decodeSingleValue } from './single-value.ts';

/** Columns of a position delete file. @source Apache Iceberg table specification, "Reserved Field IDs" */
export const deletedPathId = 2_147_483_546;
export const deletedPositionId = 2_147_483_545;

/** A Parquet file that says which rows of older data files are gone. */
export interface DeleteFile {
  readonly path: string;
  /** `position`: rows by file and position. `equality`: all rows with the same values in `columnIds`, NULL equal to NULL. */
  readonly content: 'position' | 'equality';
  /** Field ids, of dropped columns too; empty for positions. */
  readonly columnIds: readonly number[];
  /** It deletes of this partition only (partitionKeyOf); null of every one. */
  readonly partitionKey: string | null;
  readonly sequenceNumber: bigint;
  readonly recordCount: number;
  readonly fileSizeBytes: number;
}

/** Spec and partition values as text that is equal when they are. */
export function partitionKeyOf(specId: number, partition: AvroRecord): string {
  const values = Object.keys(partition).toSorted();
  return `${specId}:${values.map((key) => `${key}=${partitionText(partition[key]!)}`).join(',')}`;
}

/** Text is quoted, so that it is neither NULL nor a number. */
function partitionText(value: AvroRecord[string]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

/** Delete files of a table at one snapshot, by what they can apply to. */
export class DeleteIndex {
  readonly #everywhere: DeleteFile[] = [];
  readonly #byPartition = new Map<string, { readonly file: DeleteFile; readonly record: AvroRecord }[]>();
  readonly #unpartitionedSpecs: ReadonlySet<number>;

  /** @param unpartitionedSpecs Equality deletes of such a spec apply to every partition. */
  constructor(unpartitionedSpecs: ReadonlySet<number>) {
    this.#unpartitionedSpecs = unpartitionedSpecs;
  }

  /** @throws FormatError for deletes that are not Parquet files of positions or values. Disposition: quarantine. */
  add({ file: record, sequenceNumber }: ManifestEntry, specId: number, table: string): void {
    const content = contentOf(record, table);
    const isEverywhere = content === 'equality' && this.#unpartitionedSpecs.has(specId);
    const key = partitionKeyOf(specId, record[dataFileId.partition] as AvroRecord);
    const file: DeleteFile = {
      path: pathOf(record),
      content,
      columnIds: content === 'equality' ? ((record[dataFileId.equalityIds] ?? []) as readonly number[]) : [],
      partitionKey: isEverywhere ? null : key,
      sequenceNumber: sequenceNumber ?? 0n,
      recordCount: Number(record[dataFileId.recordCount]),
      fileSizeBytes: Number(record[dataFileId.fileSizeBytes]),
    };
    if (content === 'equality' && file.columnIds.length === 0)
      throw new FormatError(`Expected the columns of an equality delete file, got none (${table}, ${file.path}).`);
    if (isEverywhere) this.#everywhere.push(file);
    else if (this.#byPartition.has(key)) this.#byPartition.get(key)!.push({ file, record });
    else this.#byPartition.set(key, [{ file, record }]);
  }

  /**
   * The delete files that apply to a data file. Positions are deleted in files of the same or an older commit, values in
   * older ones only: a commit that deletes a key and adds it again keeps what it added.
   * @source Apache Iceberg table specification, "Scan Planning"
   */
  appliesTo(path: string, partitionKey: string, sequenceNumber: bigint): DeleteFile[] {
    const found = this.#everywhere.filter((file) => sequenceNumber < file.sequenceNumber);
    for (const { file, record } of this.#byPartition.get(partitionKey) ?? []) {
      const applies =
        file.content === 'equality'
          ? sequenceNumber < file.sequenceNumber
          : sequenceNumber <= file.sequenceNumber && mayNamePath(record, path);
      if (applies) found.push(file);
    }
    return found;
  }
}

function contentOf(record: AvroRecord, table: string): DeleteFile['content'] {
  const format = String(record[dataFileId.format]).toUpperCase();
  const content = record[dataFileId.content];
  if (format === 'PARQUET' && (content === 1 || content === 2)) return content === 1 ? 'position' : 'equality';
  const what = format === 'PUFFIN' ? 'a deletion vector' : `one of format ${format} and content ${String(content)}`;
  throw new FormatError(
    `Expected a Parquet file of deleted positions or values, got ${what} (${table}, ${pathOf(record)}). Compact the table with the program that deleted the rows.`,
    { table, path: pathOf(record) },
  );
}

/** False only when the file says that it names another data file, or others by their order. */
function mayNamePath(record: AvroRecord, path: string): boolean {
  const referenced = record[dataFileId.referencedDataFile] ?? null;
  if (referenced !== null) return referenced === path;
  const [lower, upper] = (['lowerBounds', 'upperBounds'] as const).map((name) => {
    const bound = boundOf(name, record, deletedPathId);
    return bound === null ? null : decodeSingleValue('string', bound);
  });
  return boundsMayMatch(lower!, upper!, { operator: '=', values: [path] });
}
