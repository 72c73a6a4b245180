import { packedBytesMax, writeBitPacked, writeRun } from './bit-packing.ts';

/** The values of one column chunk, encoded and not yet compressed. */
export interface EncodedColumn {
  /** Length-prefixed definition levels of an optional column; null for a required one. */
  readonly levels: Uint8Array | null;
  readonly dictionary: { readonly bytes: Uint8Array; readonly count: number } | null;
  readonly values: Uint8Array;
  readonly encoding: number;
  /** True where compression is known not to pay, so that it is not even tried. */
  readonly isNoise: boolean;
  readonly nullCount: number;
  /** Plain bytes of the bounds; null when every value is NULL or a bound is not worth keeping. */
  readonly min: Uint8Array | null;
  readonly max: Uint8Array | null;
}

export function constantLevels(level: 0 | 1, rowCount: number): Uint8Array {
  const out = Buffer.alloc(16);
  const end = writeRun(out, 4, level, rowCount, 1);
  out.writeUInt32LE(end - 4);
  return out.subarray(0, end);
}

/** Definition levels 1 (value) and 0 (NULL). */
export function levelsOf(validMask: Uint8Array, rowCount: number): Uint8Array {
  const out = Buffer.alloc(4 + packedBytesMax(rowCount, 1));
  const end = writeBitPacked(out, 4, Uint16Array.from(validMask.subarray(0, rowCount)), rowCount, 1);
  out.writeUInt32LE(end - 4);
  return out.subarray(0, end);
}

/** BYTE_STREAM_SPLIT: all first bytes, then all second bytes, ... @source Apache Parquet format, Encodings.md */
export function splitByteStreams(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width;
  const out = new Uint8Array(bytes.length);
  for (let stream = 0; stream < width; stream++) {
    const base = stream * count;
    for (let index = 0, from = stream; index < count; index++, from += width) out[base + index] = bytes[from]!;
  }
  return out;
}
