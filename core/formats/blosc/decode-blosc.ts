import { constants, zstdDecompressSync } from 'node:zlib';
import { FormatError } from '../../errors.ts';
import { type BloscHeader, bloscHeaderBytes, bloscSplitElementsMin, readBloscHeader } from './blosc-header.ts';
import { unshuffleBytes } from './byte-shuffle.ts';

/** Elements may have at most this many bytes for their block to be split into streams. */
const splitTypeBytesMax = 16;

/**
 * Decodes one Blosc 1 frame with Zstandard streams.
 *
 * @param expectedBytes Decoded size that the array's metadata gives; the caller has checked it against core/limits.
 * @throws FormatError when the frame is broken, another size or uses another compressor. Disposition: quarantine.
 */
export function decodeBlosc(frame: Uint8Array, expectedBytes: number, where: string): Uint8Array {
  const header = readBloscHeader(frame, expectedBytes, where);
  if (header.isStored) {
    if (frame.length !== bloscHeaderBytes + expectedBytes) throw broken(where);
    return frame.slice(bloscHeaderBytes);
  }
  const startsBytes = header.blockCount * 4;
  if (bloscHeaderBytes + startsBytes > frame.length) throw broken(where);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const decoded = new Uint8Array(expectedBytes);
  const shuffled = header.isShuffled ? new Uint8Array(header.blockBytes) : null;
  for (let block = 0; block < header.blockCount; block++) {
    const start = view.getUint32(bloscHeaderBytes + block * 4, true);
    if (start < bloscHeaderBytes + startsBytes) throw broken(where);
    const target = decoded.subarray(block * header.blockBytes, (block + 1) * header.blockBytes);
    if (shuffled === null) {
      decodeBlock(frame, view, start, header, target, where);
    } else {
      const streams = shuffled.subarray(0, target.length);
      decodeBlock(frame, view, start, header, streams, where);
      const elementCount = Math.floor(target.length / header.typeBytes);
      unshuffleBytes(streams, header.typeBytes, elementCount, target);
      const rest = elementCount * header.typeBytes;
      target.set(streams.subarray(rest), rest);
    }
  }
  return decoded;
}

function decodeBlock(
  frame: Uint8Array,
  view: DataView,
  start: number,
  header: BloscHeader,
  target: Uint8Array,
  where: string,
): void {
  const mayBeSplit =
    header.isSplit &&
    header.typeBytes <= splitTypeBytesMax &&
    header.blockBytes / header.typeBytes >= bloscSplitElementsMin &&
    target.length === header.blockBytes;
  const streamCount = mayBeSplit ? header.typeBytes : 1;
  const streamBytes = target.length / streamCount;
  if (!Number.isInteger(streamBytes)) throw broken(where);
  let at = start;
  for (let stream = 0; stream < streamCount; stream++) {
    if (at + 4 > frame.length) throw broken(where);
    const keptBytes = view.getUint32(at, true);
    at += 4;
    if (at + keptBytes > frame.length) throw broken(where);
    const kept = frame.subarray(at, at + keptBytes);
    target.set(keptBytes === streamBytes ? kept : inflateZstd(kept, streamBytes, where), stream * streamBytes);
    at += keptBytes;
  }
}

/** Windows below this are always allowed: our own streams do not say their size and so ask for half of it. */
const windowLogMin = 20;

/**
 * Decodes a Zstandard frame of a known size; never allocates more than that and a window of about that size.
 * @throws FormatError. Disposition: quarantine.
 */
export function inflateZstd(compressed: Uint8Array, expectedBytes: number, where: string): Uint8Array {
  const windowLog = Math.min(31, Math.max(windowLogMin, Math.ceil(Math.log2(expectedBytes + 1))));
  let decoded: Uint8Array;
  try {
    decoded = zstdDecompressSync(compressed, {
      maxOutputLength: Math.max(1, expectedBytes),
      params: { [constants.ZSTD_d_windowLogMax]: windowLog },
    });
  } catch (cause) {
    throw broken(where, cause);
  }
  if (decoded.length !== expectedBytes) throw broken(where);
  return decoded;
}

function broken(where: string, cause?: unknown): FormatError {
  return new FormatError(
    `Expected a whole compressed chunk, got one whose bytes do not decode (${where}). Write the object again from its source.`,
    { where },
    cause,
  );
}
