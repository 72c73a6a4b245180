/**
 * Parquet's RLE / bit-packing hybrid.
 * @source Apache Parquet format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)"
 */

/** Bits that hold codes 0..codeCount-1; at least 1, because some readers dislike width 0. */
export function bitWidthOf(codeCount: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, codeCount - 1)));
}

/** Upper bound of the encoded size of `count` codes. */
export function packedBytesMax(count: number, bitWidth: number): number {
  return Math.ceil(count / 8) * bitWidth + 16;
}

/** Bytes that `writeVarint` takes. */
export function varintBytes(value: number): number {
  return Math.max(1, Math.ceil((32 - Math.clz32(value)) / 7));
}

export function writeVarint(out: Uint8Array, position: number, value: number): number {
  while (value >= 0x80) {
    out[position++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[position++] = value;
  return position;
}

/** One RLE run: `count` times the same code. @returns the position after it */
export function writeRun(out: Uint8Array, position: number, code: number, count: number, bitWidth: number): number {
  position = writeVarint(out, position, count << 1);
  for (let shift = 0; shift < bitWidth; shift += 8) out[position++] = (code >>> shift) & 0xff;
  return position;
}

/**
 * One bit-packed run of all codes, least significant bits first.
 * @param codes Codes below 2^bitWidth, `count` of them; bitWidth at most 16.
 * @returns the position after the run
 */
export function writeBitPacked(
  out: Uint8Array,
  position: number,
  codes: Uint16Array,
  count: number,
  bitWidth: number,
): number {
  const groupCount = Math.ceil(count / 8);
  position = writeVarint(out, position, (groupCount << 1) | 1);
  const end = position + groupCount * bitWidth;
  let word = 0;
  let bits = 0;
  for (let index = 0; index < count; index++) {
    word |= codes[index]! << bits;
    bits += bitWidth;
    if (bits >= 16) {
      out[position] = word;
      out[position + 1] = word >>> 8;
      position += 2;
      word >>>= 16;
      bits -= 16;
    }
  }
  while (bits > 0) {
    out[position++] = word;
    word >>>= 8;
    bits -= 8;
  }
  while (position < end) out[position++] = 0;
  return end;
}

/**
 * Runs of 8 and more equal codes as RLE, the rest bit-packed; for columns that repeat (line, quality, plot).
 * @param codes Codes below 2^bitWidth; bitWidth at most 16.
 */
export function writeHybrid(
  out: Uint8Array,
  position: number,
  codes: Uint16Array,
  count: number,
  bitWidth: number,
): number {
  let start = 0;
  let index = 0;
  while (index < count) {
    let runEnd = index + 1;
    while (runEnd < count && codes[runEnd] === codes[index]) runEnd++;
    // A bit-packed run must hold a multiple of 8 codes unless it is the last: lend codes of this run to complete it.
    const pendingCount = index - start;
    const lentCount = pendingCount === 0 ? 0 : (8 - (pendingCount % 8)) % 8;
    if (runEnd - index - lentCount >= 8) {
      if (pendingCount > 0) {
        position = writeBitPacked(
          out,
          position,
          codes.subarray(start, index + lentCount),
          pendingCount + lentCount,
          bitWidth,
        );
      }
      position = writeRun(out, position, codes[index]!, runEnd - index - lentCount, bitWidth);
      start = runEnd;
    }
    index = runEnd;
  }
  if (start < count) position = writeBitPacked(out, position, codes.subarray(start, count), count - start, bitWidth);
  return position;
}

/** Upper bound for `writeHybrid`: every switch between run kinds costs headers. */
export function hybridBytesMax(count: number, bitWidth: number): number {
  return packedBytesMax(count, bitWidth) + Math.ceil(count / 8) * 8 + 16;
}
