import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { InvariantError } from '../../errors.ts';
import type { ColumnValues } from './column-values.ts';
import { encodeColumn } from './encode-column.ts';
import { type PackedScratch, packedScratch } from './encode-packed.ts';
import type { EncodedColumn } from './encoded-column.ts';
import { codec, encoding, type ParquetColumn, pageType } from './parquet-column.ts';
import { ThriftWriter } from './thrift-writer.ts';

/** One row group, encoded apart from the file it will stand in: offsets count from its own first byte. */
export interface EncodedRowGroup {
  /** Lies in the scratch that it was encoded with, until that is used again or its buffer is taken. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly rowCount: number;
  readonly columns: readonly ColumnChunkFacts[];
}

export interface ColumnChunkFacts {
  readonly startBytes: number;
  /** Position of the dictionary page, which then stands first; null without one. */
  readonly hasDictionary: boolean;
  readonly dataPageStartBytes: number;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly codec: number;
  readonly encodings: readonly number[];
  readonly nullCount: number;
  /** Plain bytes of the bounds, base64: hundreds of small arrays would be dear to move between threads. */
  readonly min: string | null;
  readonly max: string | null;
}

export interface RowGroupScratch {
  /** Made for the first column of packed reflectance where none was given; made anew for more rows. */
  packed: PackedScratch | null;
  bytes: Uint8Array<ArrayBuffer>;
  lengthBytes: number;
}

export function rowGroupScratch(packed: PackedScratch | null = null): RowGroupScratch {
  return { packed, bytes: new Uint8Array(0), lengthBytes: 0 };
}

const startingBytes = 1 << 20;

/** What a packed column takes at most, but for columns of a few rows; what is not needed of it is never touched. */
const packedValueBytes = 2.5;

const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Pages are compressed only where a sample of this size shrinks: bit-packed noise does not, and trying costs time. */
const sampleBytes = 8192;
const worthwhileRatio = 0.95;

/**
 * @param columns One for each of `values`, in file order.
 * @param rowCount Rows of every column; at least 1.
 * @returns A row group whose bytes lie in `scratch.bytes`, which may start empty and grows as needed. Put another buffer there
 * before the next call where this one is to be kept or moved to another thread.
 */
export function encodeRowGroup(
  columns: readonly ParquetColumn[],
  values: readonly ColumnValues[],
  rowCount: number,
  scratch: RowGroupScratch,
): EncodedRowGroup {
  if (columns.length !== values.length || rowCount < 1) {
    throw new InvariantError('Expected values for every column and at least one row', {
      columnCount: columns.length,
      valuesCount: values.length,
      rowCount,
    });
  }
  scratch.lengthBytes = 0;
  const packedCount = values.filter(({ kind }) => kind === 'packed').length;
  if (packedCount > 0 && (scratch.packed === null || scratch.packed.rowCountMax < rowCount)) {
    scratch.packed = packedScratch(rowCount);
  }
  reserve(scratch, packedCount * rowCount * packedValueBytes + startingBytes);
  const chunks = columns.map((column, position) => {
    const encoded = encodeColumn(column, values[position]!, rowCount, scratch.packed);
    return appendColumnChunk(scratch, encoded, rowCount);
  });
  return { bytes: scratch.bytes.subarray(0, scratch.lengthBytes), rowCount, columns: chunks };
}

function appendColumnChunk(scratch: RowGroupScratch, column: EncodedColumn, rowCount: number): ColumnChunkFacts {
  const startBytes = scratch.lengthBytes;
  const isZstd =
    !column.isNoise && (shrinks(column.values) || (column.dictionary !== null && shrinks(column.dictionary.bytes)));
  let uncompressedBytes = 0;
  if (column.dictionary !== null) {
    const { bytes, count } = column.dictionary;
    uncompressedBytes += appendPage(scratch, [bytes], isZstd, pageType.dictionary, (thrift) =>
      thrift.struct(7, () => {
        thrift.i32(1, count);
        thrift.i32(2, encoding.plain);
      }),
    );
  }
  const dataPageStartBytes = scratch.lengthBytes;
  const parts = column.levels === null ? [column.values] : [column.levels, column.values];
  uncompressedBytes += appendPage(scratch, parts, isZstd, pageType.data, (thrift) =>
    thrift.struct(5, () => {
      thrift.i32(1, rowCount);
      thrift.i32(2, column.encoding);
      thrift.i32(3, encoding.rle);
      thrift.i32(4, encoding.rle);
    }),
  );
  return {
    startBytes,
    hasDictionary: column.dictionary !== null,
    dataPageStartBytes,
    compressedBytes: scratch.lengthBytes - startBytes,
    uncompressedBytes,
    codec: isZstd ? codec.zstd : codec.uncompressed,
    encodings:
      column.dictionary === null ? [encoding.rle, column.encoding] : [encoding.plain, encoding.rle, column.encoding],
    nullCount: column.nullCount,
    min: toBase64(column.min),
    max: toBase64(column.max),
  };
}

function toBase64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function shrinks(bytes: Uint8Array): boolean {
  if (bytes.length < 64) return false;
  const sample =
    bytes.length <= sampleBytes ? bytes : bytes.subarray((bytes.length - sampleBytes) >> 1).subarray(0, sampleBytes);
  return zstdCompressSync(sample, zstdOptions).length < sample.length * worthwhileRatio;
}

/** @returns header and uncompressed bytes, as `total_uncompressed_size` counts them */
function appendPage(
  scratch: RowGroupScratch,
  parts: readonly Uint8Array[],
  isZstd: boolean,
  type: number,
  writeTypeHeader: (thrift: ThriftWriter) => void,
): number {
  const plainLength = parts.reduce((sum, part) => sum + part.length, 0);
  const stored = isZstd
    ? [zstdCompressSync(parts.length === 1 ? parts[0]! : Buffer.concat(parts), zstdOptions)]
    : parts;
  let checksum = 0;
  let storedLength = 0;
  for (const part of stored) {
    checksum = crc32(part, checksum);
    storedLength += part.length;
  }
  const thrift = new ThriftWriter();
  thrift.root(() => {
    thrift.i32(1, type);
    thrift.i32(2, plainLength);
    thrift.i32(3, storedLength);
    thrift.i32(4, checksum | 0);
    writeTypeHeader(thrift);
  });
  const header = thrift.finish();
  append(scratch, header);
  for (const part of stored) append(scratch, part);
  return header.length + plainLength;
}

function append(scratch: RowGroupScratch, bytes: Uint8Array): void {
  const needed = scratch.lengthBytes + bytes.length;
  if (needed > scratch.bytes.length) reserve(scratch, Math.max(needed, scratch.bytes.length * 2));
  scratch.bytes.set(bytes, scratch.lengthBytes);
  scratch.lengthBytes = needed;
}

function reserve(scratch: RowGroupScratch, capacityBytes: number): void {
  if (capacityBytes <= scratch.bytes.length) return;
  const grown = new Uint8Array(Math.ceil(capacityBytes));
  grown.set(scratch.bytes.subarray(0, scratch.lengthBytes));
  scratch.bytes = grown;
}
