import { silverReflectance } from '#schemas/tables.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import { uriOf } from '../../formats/iceberg/table-location.ts';
import type { EncodedRowGroup } from '../../formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '../../formats/parquet/parquet-column.ts';
import { ParquetFileFacts, parquetMagic } from '../../formats/parquet/parquet-file.ts';
import { dataFileBytesTarget } from '../../limits.ts';
import type { ObjectStore, ObjectWriter } from '../../ports/object-store.ts';
import { dataFileKey } from '../stage-table.ts';

interface OpenFile {
  readonly key: string;
  readonly writer: ObjectWriter;
  readonly facts: ParquetFileFacts;
}

/**
 * Streams the row groups of one cube into Parquet files, rolling over to a next file at the target size. Keys follow from
 * the processing id, so that a repeated attempt writes the same objects.
 */
export class SilverStager {
  readonly #warehouse: ObjectStore;
  readonly #columns: readonly ParquetColumn[];
  readonly #partition: DataFile['partition'];
  readonly #processingId: string;
  readonly #dataFiles: DataFile[] = [];
  #open: OpenFile | null = null;

  constructor(
    warehouse: ObjectStore,
    columns: readonly ParquetColumn[],
    partition: DataFile['partition'],
    processingId: string,
  ) {
    this.#warehouse = warehouse;
    this.#columns = columns;
    this.#partition = partition;
    this.#processingId = processingId;
  }

  async append(group: EncodedRowGroup): Promise<void> {
    if (this.#open !== null && this.#open.facts.lengthBytes + group.bytes.length > dataFileBytesTarget)
      await this.#close();
    this.#open ??= await this.#start();
    await this.#open.writer.append(group.bytes);
    this.#open.facts.add(group);
  }

  async finish(): Promise<DataFile[]> {
    if (this.#open !== null) await this.#close();
    return this.#dataFiles;
  }

  /** Removes the file that is being written; finished ones stay, unseen by any table, and a next attempt writes them again. */
  async abort(): Promise<void> {
    await this.#open?.writer.abort();
    this.#open = null;
  }

  async #start(): Promise<OpenFile> {
    const fileName = `${this.#processingId}-${String(this.#dataFiles.length).padStart(5, '0')}.parquet`;
    const key = dataFileKey(silverReflectance, this.#partition, fileName);
    const writer = await this.#warehouse.write(key);
    await writer.append(parquetMagic);
    return { key, writer, facts: new ParquetFileFacts(this.#columns) };
  }

  async #close(): Promise<void> {
    const { key, writer, facts } = this.#open!;
    this.#open = null;
    await writer.append(facts.footer());
    const { sizeBytes } = await writer.commit();
    this.#dataFiles.push(facts.dataFile(uriOf(this.#warehouse, key), this.#partition, sizeBytes));
  }
}
