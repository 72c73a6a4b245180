import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { FormatError } from '../../errors.ts';
import { compressions } from './tiff-layout.ts';

/**
 * Decodes one block into `target`, which is as large as a whole block; output beyond it is never made.
 * @returns how many bytes the block gave.
 * @throws FormatError when the bytes are not of this compression, or give more than a block. Disposition: quarantine.
 */
export function decompress(input: Uint8Array, compression: number, target: Uint8Array, where: string): number {
  try {
    if (compression === compressions.lzw) return decodeLzw(input, target);
    if (compression === compressions.packBits) return decodePackBits(input, target);
    const options = { maxOutputLength: target.length };
    const bytes = compression === compressions.zstd ? zstdDecompressSync(input, options) : inflateSync(input, options);
    target.set(bytes);
    return bytes.length;
  } catch (cause) {
    throw new FormatError(
      `Expected a compressed block of at most ${target.length} bytes, got "${(cause as Error).message}" (${where}). Copy the file again from its source.`,
      { where },
      cause,
    );
  }
}

const clearCode = 256;
const endCode = 257;
const codeCountMax = 4096;

/**
 * LZW with codes from the high bit down and the width growing one code early.
 * @source TIFF 6.0, section 13.
 */
function decodeLzw(input: Uint8Array, target: Uint8Array): number {
  const prefix = new Uint16Array(codeCountMax);
  const suffix = new Uint8Array(codeCountMax);
  const lengthOf = new Uint16Array(codeCountMax).fill(1, 0, clearCode);
  for (let value = 0; value < clearCode; value++) suffix[value] = value;
  let nextCode = endCode + 1;
  let width = 9;
  let previous = -1;
  let bits = 0;
  let bitCount = 0;
  let outAt = 0;
  for (let inAt = 0; outAt < target.length; ) {
    while (bitCount < width && inAt < input.length) {
      bits = ((bits << 8) | input[inAt++]!) & 0xffffff;
      bitCount += 8;
    }
    if (bitCount < width) return outAt;
    const code = (bits >>> (bitCount - width)) & ((1 << width) - 1);
    bitCount -= width;
    if (code === endCode) return outAt;
    if (code === clearCode) {
      [nextCode, width, previous] = [endCode + 1, 9, -1];
      continue;
    }
    if (code > nextCode || (code === nextCode && previous < 0)) throw new RangeError(`LZW code ${code} is not known`);
    if (previous >= 0 && nextCode < codeCountMax) {
      // The new entry is the previous text and the first byte of this one, which is the previous one's own when the
      // code is the entry that is just being made.
      let first = code === nextCode ? previous : code;
      while (lengthOf[first]! > 1) first = prefix[first]!;
      prefix[nextCode] = previous;
      suffix[nextCode] = suffix[first]!;
      lengthOf[nextCode] = lengthOf[previous]! + 1;
      nextCode++;
    }
    const length = lengthOf[code]!;
    for (let at = outAt + length - 1, entry = code; at >= outAt; at--, entry = prefix[entry]!) {
      if (at < target.length) target[at] = suffix[entry]!;
    }
    outAt += length;
    previous = code;
    if (nextCode >= (1 << width) - 1 && width < 12) width++;
  }
  return target.length;
}

/** @source TIFF 6.0, section 9. */
function decodePackBits(input: Uint8Array, target: Uint8Array): number {
  let outAt = 0;
  for (let inAt = 0; inAt < input.length && outAt < target.length; ) {
    const header = input[inAt++]!;
    if (header < 128) {
      const literal = input.subarray(inAt, inAt + header + 1);
      target.set(literal.subarray(0, target.length - outAt), outAt);
      outAt += literal.length;
      inAt += header + 1;
    } else if (header > 128) {
      const count = 257 - header;
      target.fill(input[inAt++] ?? 0, outAt, Math.min(target.length, outAt + count));
      outAt += count;
    }
  }
  return Math.min(outAt, target.length);
}
