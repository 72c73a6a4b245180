import { zstdDecompressSync } from 'node:zlib';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { ColumnType } from '#schemas/table-definition.ts';
import { FormatError } from '../../errors.ts';
import type { ColumnValues } from './column-values.ts';
import type { ColumnChunkFacts } from './encode-row-group.ts';
import { codec } from './parquet-column.ts';
import { type HybridTarget, readHybrid } from './read-hybrid.ts';

/** One column of one row group, as typed arrays. Shape [rows]. */
export type DecodedColumn =
  | { readonly kind: 'int32'; readonly values: Int32Array; readonly validMask: Uint8Array }
  | Extract<ColumnValues, { kind: 'float64' | 'codes' }>;

/** A column chunk and where it lies. */
export interface ChunkToDecode {
  /** The row group. */
  readonly bytes: Uint8Array;
  readonly chunk: ColumnChunkFacts;
  readonly column: { readonly name: string; readonly type: ColumnType; readonly required: boolean };
  readonly rowCount: number;
}

/** Dictionaries of a page of few rows are small all the same. */
const pageBytesSlack = 1 << 20;
const pageBytesPerRow = 16;

/**
 * Decodes a column chunk that this writer wrote, for bytes that nobody vouches for: what is allocated follows from `rowCount`,
 * which the caller has bounded, and from no other number in the bytes.
 *
 * @throws FormatError for anything else than one page of int, date, double or text. Disposition: quarantine. Other errors
 *   (RangeError, zlib) mean broken bytes too.
 */
export function decodeColumn({ bytes, chunk, column, rowCount }: ChunkToDecode): DecodedColumn {
  const reader = new PageReader(bytes.subarray(chunk.startBytes, chunk.startBytes + chunk.compressedBytes));
  const limitBytes = rowCount * pageBytesPerRow + pageBytesSlack;
  const dictionary = chunk.hasDictionary ? reader.next(chunk.codec, limitBytes) : null;
  const page = reader.next(chunk.codec, limitBytes);
  const valueCount = page.header.data_page_header?.num_values;
  if (valueCount !== rowCount) refuse(column.name, `a page of ${rowCount} rows`, String(valueCount));
  let position = 0;
  const validMask = new Uint8Array(rowCount).fill(1);
  if (!column.required) {
    const lengthBytes = viewOf(page.body).getUint32(0, true);
    const target: HybridTarget = { codes: new Int32Array(rowCount), bitWidth: 1 };
    readHybrid(page.body.subarray(4, 4 + lengthBytes), target);
    for (let row = 0; row < rowCount; row++) validMask[row] = target.codes[row]!;
    position = 4 + lengthBytes;
  }
  let presentCount = 0;
  for (let row = 0; row < rowCount; row++) presentCount += validMask[row]!;
  const body = page.body.subarray(position);
  const dense = denseValues(column, presentCount, body, {
    encoding: page.header.data_page_header?.encoding ?? '',
    dictionary: dictionary?.body ?? null,
    dictionaryCount: dictionary?.header.dictionary_page_header?.num_values ?? 0,
  });
  return spread(dense, validMask, rowCount);
}

type Dense =
  | { readonly kind: 'int32'; readonly values: Int32Array }
  | { readonly kind: 'float64'; readonly values: Float64Array }
  | { readonly kind: 'codes'; readonly dictionary: readonly string[]; readonly codes: Int32Array };

interface PageFacts {
  readonly encoding: string;
  readonly dictionary: Uint8Array | null;
  readonly dictionaryCount: number;
}

function denseValues(
  { name, type }: ChunkToDecode['column'],
  count: number,
  body: Uint8Array,
  { encoding, dictionary, dictionaryCount }: PageFacts,
): Dense {
  if (type !== 'int' && type !== 'date' && type !== 'double' && type !== 'string')
    return refuse(name, 'int, date, double or text', type);
  if (count === 0) {
    if (type === 'string') return { kind: 'codes', dictionary: [], codes: new Int32Array(0) };
    return type === 'double'
      ? { kind: 'float64', values: new Float64Array(0) }
      : { kind: 'int32', values: new Int32Array(0) };
  }
  if (encoding === 'RLE_DICTIONARY' && dictionary !== null) {
    const codes = new Int32Array(count);
    readHybrid(body.subarray(1), { codes, bitWidth: body[0]! });
    if (codes.some((code) => code >= dictionaryCount)) refuse(name, `codes below ${dictionaryCount}`, 'a greater one');
    if (type === 'string') return { kind: 'codes', dictionary: texts(dictionary, dictionaryCount, name), codes };
    const known = numbers(type, dictionary, dictionaryCount);
    const out = type === 'double' ? new Float64Array(count) : new Int32Array(count);
    for (let at = 0; at < count; at++) out[at] = known[codes[at]!]!;
    return numeric(out);
  }
  if (type !== 'string' && encoding === 'PLAIN') return numeric(numbers(type, body, count));
  if (type !== 'string' && encoding === 'BYTE_STREAM_SPLIT')
    return numeric(numbers(type, joinedStreams(body, count, type === 'double' ? 8 : 4), count));
  return refuse(name, 'an encoding of this writer', encoding);
}

function numeric(values: Int32Array | Float64Array): Dense {
  return values instanceof Int32Array ? { kind: 'int32', values } : { kind: 'float64', values };
}

/** @throws RangeError when there are fewer. */
function numbers(type: 'int' | 'date' | 'double', bytes: Uint8Array, count: number): Int32Array | Float64Array {
  const width = type === 'double' ? 8 : 4;
  if (!(count * width <= bytes.length)) throw new RangeError(`Expected ${count} numbers, got ${bytes.length} bytes`);
  // A Buffer's own `slice` copies nothing, and would leave the numbers where they are not aligned.
  const own = Uint8Array.from(bytes.subarray(0, count * width));
  return type === 'double' ? new Float64Array(own.buffer, 0, count) : new Int32Array(own.buffer, 0, count);
}

function joinedStreams(bytes: Uint8Array, count: number, width: number): Uint8Array {
  if (count * width > bytes.length) throw new RangeError(`Expected ${count} numbers, got ${bytes.length} bytes`);
  const out = new Uint8Array(count * width);
  for (let stream = 0; stream < width; stream++)
    for (let at = 0; at < count; at++) out[at * width + stream] = bytes[stream * count + at]!;
  return out;
}

function texts(bytes: Uint8Array, count: number, name: string): string[] {
  const view = viewOf(bytes);
  const out: string[] = [];
  for (let position = 0; out.length < count; ) {
    const end = position + 4 + view.getUint32(position, true);
    if (end > bytes.length) refuse(name, 'texts inside their page', 'one beyond it');
    out.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(position + 4, end)));
    position = end;
  }
  return out;
}

function spread(dense: Dense, validMask: Uint8Array, rowCount: number): DecodedColumn {
  let next = 0;
  if (dense.kind === 'codes') {
    const codes = new Int32Array(rowCount).fill(-1);
    for (let row = 0; row < rowCount; row++) if (validMask[row] === 1) codes[row] = dense.codes[next++]!;
    return { kind: 'codes', dictionary: dense.dictionary, codes };
  }
  if (dense.kind === 'float64') {
    const values = new Float64Array(rowCount).fill(Number.NaN);
    for (let row = 0; row < rowCount; row++) if (validMask[row] === 1) values[row] = dense.values[next++]!;
    return { kind: 'float64', values };
  }
  const values = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) if (validMask[row] === 1) values[row] = dense.values[next++]!;
  return { kind: 'int32', values, validMask };
}

/** Pages of one column chunk, one after the other. */
class PageReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(codecNumber: number, limitBytes: number): { header: ReturnType<typeof parquetHeader>; body: Uint8Array } {
    const reader = { view: viewOf(this.#bytes), offset: this.#position };
    const header = parquetHeader(reader);
    const { compressed_page_size: storedBytes, uncompressed_page_size: plainBytes } = header;
    const stored = this.#bytes.subarray(reader.offset, reader.offset + storedBytes);
    if (!(storedBytes >= 0) || stored.length !== storedBytes || !(plainBytes >= 0) || plainBytes > limitBytes)
      refuse('page', `at most ${limitBytes} bytes that are there`, `${plainBytes} in ${storedBytes}`);
    this.#position = reader.offset + storedBytes;
    if (codecNumber !== codec.zstd) return { header, body: stored };
    return { header, body: zstdDecompressSync(stored, { maxOutputLength: Math.max(1, plainBytes) }) };
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuse(what: string, expected: string, got: string): never {
  throw new FormatError(`Expected ${expected} (${what}), got ${got}.`, { column: what });
}
