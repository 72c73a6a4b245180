import type { ColumnType } from '#schemas/table-definition.ts';
import type { DataFile } from '../iceberg/data-file.ts';
import type { ColumnValues } from './column-values.ts';
import { type EncodedRowGroup, encodeRowGroup, rowGroupScratch } from './encode-row-group.ts';
import { type ParquetColumn, physicalTypeOf } from './parquet-column.ts';
import { ThriftWriter } from './thrift-writer.ts';

export const parquetMagic = Buffer.from('PAR1', 'latin1');
export const createdBy = 'cubelake parquet writer 1';

/** Collects row groups in file order and makes the footer and Iceberg's view of the file. Holds no row data. */
export class ParquetFileFacts {
  readonly #columns: readonly ParquetColumn[];
  readonly #rowGroups: {
    readonly startBytes: number;
    readonly group: Omit<EncodedRowGroup, 'bytes'>;
    readonly sizeBytes: number;
  }[] = [];
  #lengthBytes = parquetMagic.length;

  constructor(columns: readonly ParquetColumn[]) {
    this.#columns = columns;
  }

  /** Bytes of the file so far, the leading magic included. */
  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  get rowCount(): number {
    return this.#rowGroups.reduce((sum, { group }) => sum + group.rowCount, 0);
  }

  /** The caller appends the bytes of the group to the file. */
  add(group: Omit<EncodedRowGroup, 'bytes'> & { readonly bytes: { readonly length: number } }): void {
    const { rowCount, columns, bytes } = group;
    this.#rowGroups.push({ startBytes: this.#lengthBytes, group: { rowCount, columns }, sizeBytes: bytes.length });
    this.#lengthBytes += bytes.length;
  }

  /**
   * Footer, its length and the closing magic: the last bytes of the file.
   * @param keyValues What the file says of itself beyond its columns.
   */
  footer(keyValues: Readonly<Record<string, string>> = {}): Uint8Array {
    const thrift = new ThriftWriter();
    thrift.root(() => {
      thrift.i32(1, 2);
      thrift.structList(2, [null, ...this.#columns], (column) =>
        writeSchemaElement(thrift, column, this.#columns.length),
      );
      thrift.i64(3, this.rowCount);
      thrift.structList(4, this.#rowGroups, (entry) => this.#writeRowGroup(thrift, entry));
      const entries = Object.entries(keyValues);
      if (entries.length > 0)
        thrift.structList(5, entries, ([key, value]) => {
          thrift.text(1, key);
          thrift.text(2, value);
        });
      thrift.text(6, createdBy);
      // Bounds are in each type's own order.
      thrift.structList(7, this.#columns, () => thrift.struct(1, () => {}));
    });
    const metadata = thrift.finish();
    const out = Buffer.alloc(metadata.length + 8);
    out.set(metadata);
    out.writeUInt32LE(metadata.length, metadata.length);
    out.set(parquetMagic, metadata.length + 4);
    return out;
  }

  /** What Iceberg keeps of the file; counts and bounds only for columns whose metrics are `full`. */
  dataFile(path: string, partition: DataFile['partition'], fileSizeBytes: number): DataFile {
    const columnSizes: Record<string, number> = {};
    const valueCounts: Record<string, number> = {};
    const nullValueCounts: Record<string, number> = {};
    const nanValueCounts: Record<string, number> = {};
    const lowerBounds: Record<string, string> = {};
    const upperBounds: Record<string, string> = {};
    this.#columns.forEach((column, position) => {
      if (column.metrics === 'none') return;
      const chunks = this.#rowGroups.map(({ group }) => group.columns[position]!);
      const nullCount = chunks.reduce((sum, chunk) => sum + chunk.nullCount, 0);
      columnSizes[column.id] = chunks.reduce((sum, chunk) => sum + chunk.compressedBytes, 0);
      valueCounts[column.id] = this.rowCount;
      nullValueCounts[column.id] = nullCount;
      const withValues = chunks.filter((_, index) => chunks[index]!.nullCount < this.#rowGroups[index]!.group.rowCount);
      const hasBounds = withValues.every((chunk) => chunk.min !== null && chunk.max !== null);
      // Where NaN is a value there are no bounds; saying that there is none lets planners trust them.
      if (hasBounds && (column.type === 'float' || column.type === 'double')) nanValueCounts[column.id] = 0;
      if (withValues.length === 0 || !hasBounds) return;
      lowerBounds[column.id] = withValues
        .map((chunk) => chunk.min!)
        .reduce((a, b) => (compare(column.type, fromBase64(b), fromBase64(a)) < 0 ? b : a));
      upperBounds[column.id] = withValues
        .map((chunk) => chunk.max!)
        .reduce((a, b) => (compare(column.type, fromBase64(b), fromBase64(a)) > 0 ? b : a));
    });
    return {
      path,
      partition,
      recordCount: this.rowCount,
      fileSizeBytes,
      splitOffsets: this.#rowGroups.map((entry) => entry.startBytes),
      columnSizes,
      valueCounts,
      nullValueCounts,
      nanValueCounts,
      lowerBounds,
      upperBounds,
    };
  }

  #writeRowGroup(
    thrift: ThriftWriter,
    entry: { startBytes: number; group: Omit<EncodedRowGroup, 'bytes'>; sizeBytes: number },
  ): void {
    const { startBytes, group, sizeBytes } = entry;
    const indices = group.columns.map((_, position) => position);
    thrift.structList(1, indices, (position) => this.#writeColumnChunk(thrift, startBytes, group, position));
    thrift.i64(
      2,
      group.columns.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0),
    );
    thrift.i64(3, group.rowCount);
    thrift.i64(5, startBytes);
    thrift.i64(6, sizeBytes);
  }

  #writeColumnChunk(
    thrift: ThriftWriter,
    groupStartBytes: number,
    group: Omit<EncodedRowGroup, 'bytes'>,
    position: number,
  ): void {
    const column = this.#columns[position]!;
    const chunk = group.columns[position]!;
    const startBytes = groupStartBytes + chunk.startBytes;
    thrift.i64(2, startBytes);
    thrift.struct(3, () => {
      thrift.i32(1, physicalTypeOf(column.type));
      thrift.i32List(2, [...new Set(chunk.encodings)]);
      thrift.textList(3, [column.name]);
      thrift.i32(4, chunk.codec);
      thrift.i64(5, group.rowCount);
      thrift.i64(6, chunk.uncompressedBytes);
      thrift.i64(7, chunk.compressedBytes);
      thrift.i64(9, groupStartBytes + chunk.dataPageStartBytes);
      if (chunk.hasDictionary) thrift.i64(11, startBytes);
      thrift.struct(12, () => {
        thrift.i64(3, chunk.nullCount);
        if (chunk.max !== null) thrift.binary(5, fromBase64(chunk.max));
        if (chunk.min !== null) thrift.binary(6, fromBase64(chunk.min));
      });
    });
  }
}

/** A whole small table as one file in memory, one row group. */
export function encodeParquet(
  columns: readonly ParquetColumn[],
  values: readonly ColumnValues[],
  rowCount: number,
): { readonly bytes: Uint8Array; readonly facts: ParquetFileFacts } {
  const facts = new ParquetFileFacts(columns);
  const group = encodeRowGroup(columns, values, rowCount, rowGroupScratch());
  facts.add(group);
  return { bytes: Buffer.concat([parquetMagic, group.bytes, facts.footer()]), facts };
}

function writeSchemaElement(thrift: ThriftWriter, column: ParquetColumn | null, columnCount: number): void {
  if (column === null) {
    thrift.text(4, 'table');
    thrift.i32(5, columnCount);
    return;
  }
  thrift.i32(1, physicalTypeOf(column.type));
  thrift.i32(3, column.required ? 0 : 1);
  thrift.text(4, column.name);
  const logical = logicalTypes[column.type];
  if (logical !== undefined) thrift.i32(6, logical.convertedType);
  thrift.i32(9, column.id);
  if (logical !== undefined) thrift.struct(10, () => logical.write(thrift));
}

/** Converted types for old readers beside logical types for new ones. @source Apache Parquet format, LogicalTypes.md */
const logicalTypes: Partial<Record<ColumnType, { convertedType: number; write: (thrift: ThriftWriter) => void }>> = {
  string: { convertedType: 0, write: (thrift) => thrift.struct(1, () => {}) },
  date: { convertedType: 6, write: (thrift) => thrift.struct(6, () => {}) },
  timestamptz: {
    convertedType: 10,
    write: (thrift) =>
      thrift.struct(8, () => {
        thrift.bool(1, true);
        thrift.struct(2, () => thrift.struct(2, () => {}));
      }),
  },
};

function compare(type: ColumnType, a: Uint8Array, b: Uint8Array): number {
  if (type === 'string' || type === 'boolean') return Buffer.compare(a, b);
  const [left, right] = [numberOf(type, a), numberOf(type, b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function numberOf(type: ColumnType, bytes: Uint8Array): number | bigint {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === 'float') return buffer.readFloatLE();
  if (type === 'double') return buffer.readDoubleLE();
  return type === 'int' || type === 'date' ? buffer.readInt32LE() : buffer.readBigInt64LE();
}

function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}
