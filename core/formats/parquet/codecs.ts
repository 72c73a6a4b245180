import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Compressors, snappyUncompress } from 'hyparquet';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax } from '../../limits.ts';

/**
 * What hyparquet decompresses pages with: our own codec and those that other engines write Iceberg tables in.
 * @param name Of the file, for messages. Every codec throws FormatError for a page that claims to expand beyond all measure
 *   (quarantine); broken bytes throw as their codec does.
 */
export function boundedCodecs(name: string): Compressors {
  const bounded =
    (decompress: (input: Uint8Array, lengthBytes: number) => Uint8Array) =>
    (input: Uint8Array, lengthBytes: number): Uint8Array => {
      if (lengthBytes > decodedChunkBytesMax)
        throw new FormatError(`Expected pages below ${decodedChunkBytesMax} bytes, got ${lengthBytes} (${name}).`);
      return decompress(input, lengthBytes);
    };
  const limit = (lengthBytes: number) => ({ maxOutputLength: Math.max(1, lengthBytes) });
  return {
    ZSTD: bounded((input, lengthBytes) => zstdDecompressSync(input, limit(lengthBytes))),
    GZIP: bounded((input, lengthBytes) => gunzipSync(input, limit(lengthBytes))),
    BROTLI: bounded((input, lengthBytes) => brotliDecompressSync(input, limit(lengthBytes))),
    SNAPPY: bounded((input, lengthBytes) => {
      const output = new Uint8Array(lengthBytes);
      snappyUncompress(input, output);
      return output;
    }),
  };
}
