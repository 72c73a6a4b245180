import { FormatError } from '../../errors.ts';

/**
 * A Blosc 1 frame (c-blosc README_CHUNK_FORMAT.rst): 16 bytes of header, the start of each block as int32, the blocks. A
 * block is one stream, or one for each byte of an element where the frame was shuffled and the block is whole and large;
 * a stream is its size as int32 and its bytes, raw where that size is the stream's decoded size.
 */
export const bloscHeaderBytes = 16;

/** Format 2, and version 1 of the Zstandard streams in it. */
export const bloscFormatVersion = 2;
export const bloscStreamVersion = 1;

export const bloscFlags = { byteShuffle: 0x01, stored: 0x02, bitShuffle: 0x04, unsplit: 0x10 } as const;

/** The compressor in the upper three bits of the flags. */
export const bloscZstd = 4;
const compressorNames = ['blosclz', 'lz4', 'snappy', 'zlib', 'zstd'];

/** Blocks with fewer elements than this are never split into streams. */
export const bloscSplitElementsMin = 128;

export interface BloscHeader {
  readonly isStored: boolean;
  readonly isShuffled: boolean;
  readonly isSplit: boolean;
  readonly typeBytes: number;
  readonly decodedBytes: number;
  readonly blockBytes: number;
  readonly blockCount: number;
}

/**
 * Checks every claim of the header against the bytes that exist and the size that the caller expects.
 * @throws FormatError for a frame that is broken or uses a compressor other than Zstandard. Disposition: quarantine.
 */
export function readBloscHeader(frame: Uint8Array, expectedBytes: number, where: string): BloscHeader {
  const fail = (expected: string, got: unknown): never => {
    throw new FormatError(`Expected ${expected}, got ${got} (${where}). Write the object again from its source.`, {
      where,
    });
  };
  if (frame.length < bloscHeaderBytes) fail(`a Blosc frame of at least ${bloscHeaderBytes} bytes`, frame.length);
  const view = new DataView(frame.buffer, frame.byteOffset, bloscHeaderBytes);
  const version = view.getUint8(0);
  if (version !== bloscFormatVersion) fail(`Blosc format ${bloscFormatVersion}`, version);
  const flags = view.getUint8(2);
  const typeBytes = view.getUint8(3);
  const decodedBytes = view.getUint32(4, true);
  const blockBytes = view.getUint32(8, true);
  if (view.getUint32(12, true) !== frame.length)
    fail(`a Blosc frame of ${view.getUint32(12, true)} bytes`, frame.length);
  if (decodedBytes !== expectedBytes) fail(`a Blosc frame that decodes to ${expectedBytes} bytes`, decodedBytes);
  if (typeBytes === 0) fail('a Blosc element of at least one byte', 0);
  if (blockBytes === 0 || blockBytes > expectedBytes) fail(`Blosc blocks of 1 to ${expectedBytes} bytes`, blockBytes);
  const isStored = (flags & bloscFlags.stored) !== 0;
  if ((flags & bloscFlags.bitShuffle) !== 0) fail('Blosc with byte shuffle or none', 'bit shuffle');
  if (!isStored && flags >> 5 !== bloscZstd) {
    fail('Blosc with Zstandard streams', compressorNames[flags >> 5] ?? `compressor ${flags >> 5}`);
  }
  return {
    isStored,
    isShuffled: (flags & bloscFlags.byteShuffle) !== 0 && typeBytes > 1,
    isSplit: (flags & bloscFlags.unsplit) === 0,
    typeBytes,
    decodedBytes,
    blockBytes,
    blockCount: Math.ceil(decodedBytes / blockBytes),
  };
}
