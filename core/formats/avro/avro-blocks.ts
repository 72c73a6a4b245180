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

export type RecordType = Extract<AvroType, { kind: 'record' }>;
export type Codec = 'deflate' | 'null';

/** Some records as they stand in a file: it may be copied into another file of the same schema and codec. */
export interface AvroBlock {
  readonly count: number;
  /** Compressed as the header says. */
  readonly bytes: Uint8Array;
}

export interface AvroHeader {
  /** Header entries as text, `avro.schema` and `avro.codec` among them. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly codec: string;
  readonly type: RecordType;
  readonly sync: Uint8Array;
  readonly lengthBytes: number;
}

export function encodeBlocks(type: AvroType, records: readonly AvroRecord[], codec: Codec): AvroBlock[] {
  const blocks: AvroBlock[] = [];
  let encoder = new AvroEncoder();
  let count = 0;
  for (const [index, record] of records.entries()) {
    encoder.value(type, record);
    count++;
    const bytes = encoder.finish();
    if (bytes.length < blockBytesTarget && index < records.length - 1) continue;
    blocks.push({ count, bytes: codec === 'deflate' ? deflateRawSync(bytes) : bytes });
    encoder = new AvroEncoder();
    count = 0;
  }
  return blocks;
}

/**
 * An Avro file of blocks. The same input gives the same bytes: the sync marker is a hash of the content.
 * @param schema JSON text.
 */
export function fileOfBlocks(
  schema: string,
  metadata: Readonly<Record<string, string>>,
  blocks: readonly AvroBlock[],
  codec: Codec,
): Uint8Array {
  const out = new AvroEncoder();
  out.raw(magic);
  const header = { 'avro.schema': schema, 'avro.codec': codec, ...metadata };
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

/** Bytes that a block takes in a file, with its count, its length and the sync marker. */
export function framedBytesOf(block: AvroBlock): number {
  return varintBytes(block.count) + varintBytes(block.bytes.length) + block.bytes.length + syncBytes;
}

function varintBytes(count: number): number {
  let byteCount = 1;
  for (let rest = count * 2; rest >= 128; rest = Math.floor(rest / 128)) byteCount++;
  return byteCount;
}

/**
 * @param bytes The beginning of a file.
 * @param rawKeys Keys of fields that records keep as bytes until somebody looks: see AvroRaw.
 * @throws TruncatedInputError when the header goes on behind `bytes`, FormatError. Disposition: quarantine.
 */
export function readHeader(bytes: Uint8Array, name: string, rawKeys?: ReadonlySet<string>): AvroHeader {
  const input = new AvroDecoder(bytes, name);
  if (!input.take(magic.length).equals(magic))
    throw new FormatError(`Expected an Avro file, got other bytes (${name}).`);
  const metadata = new Map<string, string>();
  for (let count = input.blockCount(); count > 0; count = input.blockCount())
    for (let entry = 0; entry < count; entry++) metadata.set(input.string(), input.string());
  const sync = input.take(syncBytes);
  const codec = metadata.get('avro.codec') ?? 'null';
  return { metadata, codec, type: schemaOf(metadata, name, rawKeys), sync, lengthBytes: input.positionBytes };
}

function schemaOf(metadata: ReadonlyMap<string, string>, name: string, rawKeys?: ReadonlySet<string>): RecordType {
  let json: unknown;
  try {
    json = JSON.parse(metadata.get('avro.schema') ?? '');
  } catch (cause) {
    throw new FormatError(`Expected JSON in avro.schema, got other text (${name}).`, {}, cause);
  }
  const type = parseAvroSchema(json, rawKeys);
  if (type.kind !== 'record') throw new FormatError(`Expected Avro records, got ${type.kind} (${name}).`);
  return type;
}

/**
 * The blocks that stand one after the other in `bytes`, as they are.
 * @param bytes Whole blocks of the file, without its header.
 * @throws TruncatedInputError, FormatError. Disposition: quarantine.
 */
export function blocksIn(bytes: Uint8Array, header: Pick<AvroHeader, 'sync'>, name: string): AvroBlock[] {
  const input = new AvroDecoder(bytes, name);
  const blocks: AvroBlock[] = [];
  while (input.remainingBytes > 0) {
    const count = input.long();
    const block = input.bytes();
    if (!input.take(syncBytes).equals(header.sync))
      throw new FormatError(`Expected the sync marker of the header, got other bytes (${name}). The file is damaged.`);
    if (count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER))
      throw new FormatError(`Expected a count of records in a block, got ${count} (${name}).`);
    blocks.push({ count: Number(count), bytes: block });
  }
  return blocks;
}

/** The records of a block as Avro's binary encoding. @throws FormatError. Disposition: quarantine. */
export function expandedBlock(block: AvroBlock, { codec }: Pick<AvroHeader, 'codec'>, name: string): Uint8Array {
  const data = decompress(codec, block.bytes, name);
  if (block.count > data.length)
    throw new FormatError(`Expected at most ${data.length} records in a block, got ${block.count} (${name}).`);
  return data;
}

/** @throws TruncatedInputError, FormatError. Disposition: quarantine. */
export function recordsOfBlock(
  block: AvroBlock,
  header: Pick<AvroHeader, 'codec' | 'type'>,
  name: string,
): AvroRecord[] {
  const input = new AvroDecoder(expandedBlock(block, header, name), name);
  const records: AvroRecord[] = [];
  for (let record = 0; record < block.count; record++) records.push(input.record(header.type));
  if (input.remainingBytes > 0)
    throw new FormatError(`Expected the end of a block, got ${input.remainingBytes} more bytes (${name}).`);
  return records;
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
