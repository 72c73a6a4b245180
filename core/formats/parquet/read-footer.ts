import { type FileMetaData, parquetMetadataAsync, type RowGroup, type SchemaElement } from 'hyparquet';
import type { ColumnType } from '#schemas/table-definition.ts';
import { FormatError } from '../../errors.ts';
import { metadataBytesMax } from '../../limits.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';
import type { ColumnChunkFacts, EncodedRowGroup } from './encode-row-group.ts';
import { codec, encoding, plainBytes } from './parquet-column.ts';
import { createdBy, parquetMagic } from './parquet-file.ts';

/** A column as a file declares it. */
export interface FooterColumn {
  readonly id: number;
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
}

/** A row group where it lies; the positions of its columns count from its own first byte. */
export interface StoredRowGroup extends Omit<EncodedRowGroup, 'bytes'> {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

export interface ParquetFooter {
  readonly columns: readonly FooterColumn[];
  readonly rowGroups: readonly StoredRowGroup[];
  readonly keyValues: Readonly<Record<string, string>>;
  /** As hyparquet reads it, for reading the rows. */
  readonly metadata: FileMetaData;
}

/** Values as the file holds them: dates are days, times microseconds, text UTF-8. */
export const exactParsers = {
  dateFromDays: (days: number) => days as unknown as Date,
  timestampFromMicroseconds: (micros: bigint) => micros as unknown as Date,
  stringFromBytes: (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8'),
};

/** What hyparquet reads from. */
export function asyncBufferOf(source: ByteSource): {
  byteLength: number;
  slice: (start: number, end?: number) => Promise<ArrayBuffer>;
} {
  return {
    byteLength: source.sizeBytes,
    slice: async (start, end = source.sizeBytes) => {
      const from = start < 0 ? source.sizeBytes + start : start;
      return (await readBytes(source, from, Math.min(end, source.sizeBytes) - from)).buffer as ArrayBuffer;
    },
  };
}

/** What a file of any program says of its rows. */
export interface PlainFooter {
  readonly columns: readonly FooterColumn[];
  readonly metadata: FileMetaData;
  /** Of a file that this writer wrote, whose row groups can be copied; null otherwise. */
  readonly own: ParquetFooter | null;
}

/**
 * The footer of a file of any program whose columns are such as this writer writes.
 * @throws FormatError for other columns, and as `readFooter`. Disposition: quarantine.
 */
export async function readPlainFooter(source: ByteSource): Promise<PlainFooter> {
  const metadata = await metadataOf(source);
  const own = metadata.created_by === createdBy ? ownFooter(metadata, source) : null;
  const columns = own?.columns ?? metadata.schema.slice(1).map((element) => footerColumn(element, source.name));
  return { columns, metadata, own };
}

/**
 * The footer of a file that this writer wrote, with everything that a copied row group needs in another one.
 *
 * @returns null for a file of another program, whose row groups are not known to be self-contained.
 * @throws FormatError for bytes that are no such file, and for row groups that do not lie in it. Disposition: quarantine.
 */
export async function readFooter(source: ByteSource): Promise<ParquetFooter | null> {
  const metadata = await metadataOf(source);
  return metadata.created_by === createdBy ? ownFooter(metadata, source) : null;
}

function ownFooter(metadata: FileMetaData, source: ByteSource): ParquetFooter {
  const columns = metadata.schema.slice(1).map((element) => footerColumn(element, source.name));
  const rowGroups = metadata.row_groups.map((group) => storedRowGroup(group, columns, source));
  const keyValues = (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''] as const);
  return { columns, rowGroups, keyValues: Object.fromEntries(keyValues), metadata };
}

/** PAR1 at both ends, and the length of the footer. */
const fileBytesMin = 12;

async function metadataOf(source: ByteSource): Promise<FileMetaData> {
  const file = asyncBufferOf(source);
  const end = source.sizeBytes < fileBytesMin ? null : Buffer.from(await file.slice(source.sizeBytes - 8));
  if (end === null || !end.subarray(4).equals(parquetMagic))
    throw new FormatError(`Expected a Parquet file, which ends with PAR1, got another one (${source.name}).`);
  const lengthBytes = end.readUInt32LE();
  if (lengthBytes > Math.min(metadataBytesMax, source.sizeBytes - 8))
    throw new FormatError(`Expected a Parquet footer inside the file, got ${lengthBytes} bytes (${source.name}).`);
  try {
    return await parquetMetadataAsync(file, { parsers: exactParsers, geoparquet: false });
  } catch (cause) {
    throw new FormatError(`Expected a Parquet file, got bytes that cannot be read as one (${source.name}).`, {}, cause);
  }
}

function footerColumn(element: SchemaElement, path: string): FooterColumn {
  const type = columnTypeOf(element);
  if (type === null || element.field_id === undefined)
    throw new FormatError(
      `Expected a column of text, numbers, dates or UTC times with an Iceberg field id, got ${element.name} (${path}).`,
      { path },
    );
  return { id: element.field_id, name: element.name, type, required: element.repetition_type === 'REQUIRED' };
}

/**
 * null for what Iceberg has another type for, e.g. times without a zone, decimals and lists.
 * @source Apache Parquet format, LogicalTypes.md; Apache Iceberg table specification, appendix A, Parquet
 */
function columnTypeOf(element: SchemaElement): ColumnType | null {
  const { type, repetition_type: repetition } = element;
  if (repetition === 'REPEATED') return null;
  const meaning = meaningOf(element);
  if (type === 'BYTE_ARRAY') return meaning === 'text' ? 'string' : null;
  if (type === 'INT32') return meaning === 'date' ? 'date' : meaning === null || meaning === 'int 32' ? 'int' : null;
  if (type === 'INT64')
    return meaning === 'UTC micros' ? 'timestamptz' : meaning === null || meaning === 'int 64' ? 'long' : null;
  if (meaning !== null) return null;
  if (type === 'BOOLEAN') return 'boolean';
  return type === 'FLOAT' ? 'float' : type === 'DOUBLE' ? 'double' : null;
}

/** What a physical type stands for: newer programs write the logical type, older ones the converted type, most both. */
function meaningOf({ logical_type: logical, converted_type: converted }: SchemaElement): string | null {
  if (logical?.type === 'STRING' || (logical === undefined && converted === 'UTF8')) return 'text';
  if (logical?.type === 'DATE' || (logical === undefined && converted === 'DATE')) return 'date';
  if (logical?.type === 'TIMESTAMP')
    return logical.isAdjustedToUTC && logical.unit === 'MICROS' ? 'UTC micros' : 'other times';
  if (logical?.type === 'INTEGER') return logical.isSigned ? `int ${logical.bitWidth}` : 'unsigned';
  if (logical !== undefined) return String(logical.type);
  if (converted === 'TIMESTAMP_MICROS') return 'UTC micros';
  if (converted === 'INT_32' || converted === 'INT_64') return `int ${converted.slice(4)}`;
  return converted ?? null;
}

const encodingNumbers: Readonly<Record<string, number>> = {
  PLAIN: encoding.plain,
  RLE: encoding.rle,
  RLE_DICTIONARY: encoding.rleDictionary,
  BYTE_STREAM_SPLIT: encoding.byteStreamSplit,
};

function storedRowGroup(group: RowGroup, columns: readonly FooterColumn[], source: ByteSource): StoredRowGroup {
  const chunks = group.columns.map(({ meta_data: facts }) => {
    const startBytes = Number(facts?.dictionary_page_offset ?? facts?.data_page_offset ?? -1);
    return { facts: facts!, startBytes, endBytes: startBytes + Number(facts?.total_compressed_size ?? 0) };
  });
  const startBytes = Math.min(...chunks.map((chunk) => chunk.startBytes));
  const endBytes = Math.max(...chunks.map((chunk) => chunk.endBytes));
  if (chunks.length !== columns.length || !(startBytes >= 4) || !(endBytes <= source.sizeBytes - 8))
    throw new FormatError(
      `Expected row groups inside the file, got bytes ${startBytes} to ${endBytes} (${source.name}).`,
    );
  return {
    startBytes,
    sizeBytes: endBytes - startBytes,
    rowCount: Number(group.num_rows),
    columns: chunks.map(({ facts, startBytes: chunkStart }, position): ColumnChunkFacts => {
      const { type } = columns[position]!;
      const { min_value: min, max_value: max, null_count: nullCount } = facts.statistics ?? {};
      const bound = (value: unknown) =>
        value === undefined
          ? null
          : Buffer.from(plainBytes(type, value as string | number | bigint | boolean)).toString('base64');
      return {
        startBytes: chunkStart - startBytes,
        hasDictionary: facts.dictionary_page_offset !== undefined,
        dataPageStartBytes: Number(facts.data_page_offset) - startBytes,
        compressedBytes: Number(facts.total_compressed_size),
        uncompressedBytes: Number(facts.total_uncompressed_size),
        codec: facts.codec === 'ZSTD' ? codec.zstd : codec.uncompressed,
        encodings: facts.encodings.map((name) => encodingNumbers[name]!),
        nullCount: Number(nullCount ?? 0),
        min: bound(min),
        max: bound(max),
      };
    }),
  };
}
