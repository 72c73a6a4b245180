import {
  type AvroHeader,
  blocksIn,
  type Codec,
  encodeBlocks,
  fileOfBlocks,
  readHeader,
  recordsOfBlock,
} from './avro-blocks.ts';
import { parseAvroSchema } from './avro-schema.ts';
import type { AvroRecord } from './avro-value.ts';

export interface AvroFile extends Pick<AvroHeader, 'metadata'> {
  readonly records: readonly AvroRecord[];
}

/**
 * An Avro object container file. The same input gives the same bytes.
 *
 * @param schema Avro schema as JSON value, a record.
 * @param metadata Header entries beside schema and codec.
 * @source Apache Avro 1.12 specification, "Object Container Files"
 */
export function encodeAvroFile(
  schema: object,
  metadata: Readonly<Record<string, string>>,
  records: readonly AvroRecord[],
  codec: Codec = 'deflate',
): Uint8Array {
  const blocks = encodeBlocks(parseAvroSchema(schema), records, codec);
  return fileOfBlocks(JSON.stringify(schema), metadata, blocks, codec);
}

/**
 * @param name For messages: key or URI of the file.
 * @param rawKeys Keys of fields that records keep as bytes until somebody looks: see AvroRaw.
 * @throws TruncatedInputError, FormatError. Disposition: quarantine.
 */
export function decodeAvroFile(bytes: Uint8Array, name: string, rawKeys?: ReadonlySet<string>): AvroFile {
  const header = readHeader(bytes, name, rawKeys);
  const records: AvroRecord[] = [];
  for (const block of blocksIn(bytes.subarray(header.lengthBytes), header, name))
    for (const record of recordsOfBlock(block, header, name)) records.push(record);
  return { metadata: header.metadata, records };
}
