import { silverReflectance } from '#schemas/tables.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import { uriOf } from '../../formats/iceberg/table-location.ts';
import type { EncodedRowGroup } from '../../formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '../../formats/parquet/parquet-column.ts';
import { ParquetFileFacts, parquetMagic } from '../../formats/parquet/parquet-file.ts';
import type { ObjectFacts, ObjectStore, ObjectWriter } from '../../ports/object-store.ts';
import { dataFileKey } from '../stage-table.ts';

interface OpenFile {
  readonly key: string;
  readonly writer: ObjectWriter;
  readonly facts: ParquetFileFacts;
}

export interface StagedSilverFile {
  readonly dataFile: DataFile;
  readonly object: ObjectFacts;
}

/**
 * Streams the row groups of one cube into Parquet files, one for each segment. Keys follow from the processing id, so that
 * a repeated attempt writes the same objects.
 */
export class SilverStager {
  readonly #warehouse: ObjectStore;
  readonly #columns: readonly ParquetColumn[];
  readonly #partition: DataFile['partition'];
  readonly #processingId: string;
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

  async append(group: EncodedRowGroup, segmentIndex: number): Promise<void> {
    this.#open ??= await this.#start(segmentIndex);
    await this.#open.writer.append(group.bytes);
    this.#open.facts.add(group);
  }

  /** Ends the file of a segment. @returns null when the segment has no rows */
  async finishFile(): Promise<StagedSilverFile | null> {
    if (this.#open === null) return null;
    const { key, writer, facts } = this.#open;
    await writer.append(facts.footer());
    const object = await writer.commit();
    this.#open = null;
    return { dataFile: facts.dataFile(uriOf(this.#warehouse, key), this.#partition, object.sizeBytes), object };
  }

  /** Removes the file that is being written; finished ones stay, unseen by any table, and a next attempt needs them. */
  async abort(): Promise<void> {
    await this.#open?.writer.abort();
    this.#open = null;
  }

  async #start(segmentIndex: number): Promise<OpenFile> {
    const fileName = `${this.#processingId}-${String(segmentIndex).padStart(5, '0')}.parquet`;
    const key = dataFileKey(silverReflectance, this.#partition, fileName);
    const writer = await this.#warehouse.write(key);
    const file = { key, writer, facts: new ParquetFileFacts(this.#columns) };
    this.#open = file;
    await writer.append(parquetMagic);
    return file;
  }
}
