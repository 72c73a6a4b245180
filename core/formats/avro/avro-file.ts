import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax } from '../../limits.ts';
import { type AvroType, parseAvroSchema } from './avro-schema.ts';
import type { AvroRecord } from './avro-value.ts';
import { AvroDecoder } from './decode-avro.ts';
import { AvroEncoder } from './encode-avro.ts';

const magic = Buffer.from('Obj\x01', 'latin1');
const syncBytes = 16;
/** Avro's writers close a block near 64 KiB; a reader then needs no more than that at once. */
const blockBytesTarget = 64_000;

export interface AvroFile {
  /** Header entries as text, `avro.schema` and `avro.codec` among them. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly records: readonly AvroRecord[];
}

/**
 * An Avro object container file. The same input gives the same bytes: the sync marker is a hash of the content.
 *
 * @param schema Avro schema as JSON value, a record.
 * @param metadata Header entries beside schema and codec.
 * @source Apache Avro 1.12 specification, "Object Container Files"
 */
export function encodeAvroFile(
  schema: object,
  metadata: Readonly<Record<string, string>>,
  records: readonly AvroRecord[],
  codec: 'deflate' | 'null' = 'deflate',
): Uint8Array {
  const type = parseAvroSchema(schema);
  const blocks = encodeBlocks(type, records).map((block) => ({
    count: block.count,
    bytes: codec === 'deflate' ? deflateRawSync(block.bytes) : block.bytes,
  }));
  const out = new AvroEncoder();
  out.raw(magic);
  const header = { 'avro.schema': JSON.stringify(schema), 'avro.codec': codec, ...metadata };
  out.long(BigInt(Object.keys(header).length));
  for (const [key, value] of Object.entries(header)) {
    out.string(key);
    out.string(value);
  }
  out.long(0n);
  const hash = createHash('sha256').update(out.finish());
  for (const block of blocks) hash.update(block.bytes);
  const sync = hash.digest().subarray(0, syncBytes);
  out.raw(sync);
  for (const block of blocks) {
    out.long(BigInt(block.count));
    out.bytes(block.bytes);
    out.raw(sync);
  }
  return out.finish();
}

function encodeBlocks(type: AvroType, records: readonly AvroRecord[]): { count: number; bytes: Uint8Array }[] {
  const blocks: { count: number; bytes: Uint8Array }[] = [];
  let encoder = new AvroEncoder();
  let count = 0;
  for (const [index, record] of records.entries()) {
    encoder.value(type, record);
    count++;
    const bytes = encoder.finish();
    if (bytes.length < blockBytesTarget && index < records.length - 1) continue;
    blocks.push({ count, bytes });
    encoder = new AvroEncoder();
    count = 0;
  }
  return blocks;
}

/**
 * @param name For messages: key or URI of the file.
 * @throws TruncatedInputError, FormatError. Disposition: quarantine.
 */
export function decodeAvroFile(bytes: Uint8Array, name: string): AvroFile {
  const records: AvroRecord[] = [];
  const metadata = visitBlocks(bytes, name, (data, count, type) => {
    const block = new AvroDecoder(data, name);
    for (let record = 0; record < count; record++) records.push(block.record(type));
    if (block.remainingBytes > 0)
      throw new FormatError(`Expected the end of a block, got ${block.remainingBytes} more bytes (${name}).`);
    return false;
  });
  return { metadata, records };
}

/**
 * Whether one of these texts may stand in a record. Avro keeps text as its UTF-8 bytes, so that a search of the blocks
 * answers for all records at a tenth of the cost of decoding them; a hit may also be a part of a longer text.
 *
 * @throws TruncatedInputError, FormatError. Disposition: quarantine.
 */
export function avroFileMentions(bytes: Uint8Array, texts: readonly string[], name: string): boolean {
  const sought = texts.map((text) => Buffer.from(text, 'utf8'));
  let isFound = false;
  visitBlocks(bytes, name, (data) => {
    const block = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    isFound = sought.some((text) => block.includes(text));
    return isFound;
  });
  return isFound;
}

type RecordType = Extract<AvroType, { kind: 'record' }>;

/**
 * Expands one block after the other.
 * @param visit Returns true to stop.
 */
function visitBlocks(
  bytes: Uint8Array,
  name: string,
  visit: (data: Uint8Array, count: number, type: RecordType) => boolean,
): Map<string, string> {
  const input = new AvroDecoder(bytes, name);
  if (!input.take(magic.length).equals(magic))
    throw new FormatError(`Expected an Avro file, got other bytes (${name}).`);
  const metadata = readHeader(input);
  const sync = input.take(syncBytes);
  const type = schemaOf(metadata, name);
  while (input.remainingBytes > 0) {
    const count = input.long();
    const data = decompress(metadata.get('avro.codec') ?? 'null', input.bytes(), name);
    if (!input.take(syncBytes).equals(sync))
      throw new FormatError(`Expected the sync marker of the header, got other bytes (${name}). The file is damaged.`);
    if (count < 0n || count > BigInt(data.length))
      throw new FormatError(`Expected at most ${data.length} records in a block, got ${count} (${name}).`);
    if (visit(data, Number(count), type)) break;
  }
  return metadata;
}

function readHeader(input: AvroDecoder): Map<string, string> {
  const metadata = new Map<string, string>();
  for (let count = input.blockCount(); count > 0; count = input.blockCount())
    for (let entry = 0; entry < count; entry++) metadata.set(input.string(), input.string());
  return metadata;
}

function schemaOf(metadata: ReadonlyMap<string, string>, name: string): RecordType {
  let json: unknown;
  try {
    json = JSON.parse(metadata.get('avro.schema') ?? '');
  } catch (cause) {
    throw new FormatError(`Expected JSON in avro.schema, got other text (${name}).`, {}, cause);
  }
  const type = parseAvroSchema(json);
  if (type.kind !== 'record') throw new FormatError(`Expected Avro records, got ${type.kind} (${name}).`);
  return type;
}

function decompress(codec: string, bytes: Uint8Array, name: string): Uint8Array {
  if (codec === 'null') return bytes;
  if (codec !== 'deflate' && codec !== 'zstandard')
    throw new FormatError(`Expected Avro codec null, deflate or zstandard, got ${codec} (${name}).`, { codec });
  const options = { maxOutputLength: decodedChunkBytesMax };
  try {
    return codec === 'deflate' ? inflateRawSync(bytes, options) : zstdDecompressSync(bytes, options);
  } catch (cause) {
    throw new FormatError(`Expected a block of codec ${codec}, got bytes that do not expand (${name}).`, {}, cause);
  }
}
