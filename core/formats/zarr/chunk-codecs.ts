import { z } from 'zod';
import { FormatError } from '../../errors.ts';
import { decodeBlosc, inflateZstd } from '../blosc/decode-blosc.ts';
import { crc32c } from './crc32c.ts';

/** Codecs as `zarr.json` names them. */
export const codecListSchema = z.array(
  z.object({ name: z.string(), configuration: z.record(z.string(), z.unknown()).optional() }),
);
export type CodecList = z.infer<typeof codecListSchema>;

/** Turns the stored bytes of one chunk into exactly `decodedBytes` little-endian bytes. */
export type ChunkDecoder = (chunk: Uint8Array, decodedBytes: number, where: string) => Uint8Array;

/**
 * The decoder for a codec list: `bytes` little-endian, then nothing, `blosc` or `zstd`, then perhaps `crc32c`.
 * @throws FormatError for other codecs. Disposition: quarantine.
 */
export function chunkDecoder(codecs: CodecList, where: string): ChunkDecoder {
  const names = codecs.map((codec) => codec.name);
  const endian = codecs[0]?.configuration?.['endian'] ?? 'little';
  const hasChecksum = names.at(-1) === 'crc32c';
  const compressors = names.slice(1, hasChecksum ? -1 : undefined);
  const decompress = decompressorOf(compressors);
  if (names[0] !== 'bytes' || endian !== 'little' || decompress === null) {
    throw new FormatError(
      `Expected the codecs bytes (little-endian), then blosc or zstd, then crc32c, got ${names.join(', ')} (${where}). Write the array with those.`,
      { where },
    );
  }
  if (!hasChecksum) return decompress;
  return (chunk, decodedBytes, place) => decompress(withoutChecksum(chunk, place), decodedBytes, place);
}

function decompressorOf(compressors: readonly string[]): ChunkDecoder | null {
  if (compressors.length === 0) return requireSize;
  if (compressors.length > 1) return null;
  if (compressors[0] === 'blosc') return decodeBlosc;
  return compressors[0] === 'zstd' ? inflateZstd : null;
}

function requireSize(chunk: Uint8Array, decodedBytes: number, where: string): Uint8Array {
  if (chunk.length === decodedBytes) return chunk;
  throw new FormatError(`Expected a chunk of ${decodedBytes} bytes, got ${chunk.length} (${where}).`, { where });
}

/** @throws FormatError when the last four bytes are not the CRC-32C of those before. Disposition: quarantine. */
export function withoutChecksum(bytes: Uint8Array, where: string): Uint8Array {
  const end = bytes.length - 4;
  const stored = end < 0 ? null : new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  const computed = end < 0 ? null : crc32c(bytes, 0, end);
  if (stored !== null && stored === computed) return bytes.subarray(0, end);
  throw new FormatError(
    `Expected bytes with CRC-32C ${stored}, got ${computed} (${where}). The object is damaged: process the cube again.`,
    { where },
  );
}
