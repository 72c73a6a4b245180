/** Where codes go; as many are read as there is room for. */
export interface HybridTarget {
  readonly codes: Int32Array;
  /** 1 to 24. */
  readonly bitWidth: number;
}

/**
 * Reads Parquet's RLE / bit-packing hybrid, what bit-packing.ts writes. Runs that claim more than there is room for are cut.
 * @throws RangeError when the bytes end before the room is filled.
 * @source Apache Parquet format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)"
 */
export function readHybrid(bytes: Uint8Array, { codes, bitWidth }: HybridTarget): void {
  if (!(bitWidth >= 1 && bitWidth <= 24)) throw new RangeError(`Expected 1 to 24 bits, got ${bitWidth}`);
  const mask = (1 << bitWidth) - 1;
  let position = 0;
  let count = 0;
  while (count < codes.length) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (position >= bytes.length || shift > 28) throw new RangeError('Expected another run, got the end');
      const byte = bytes[position++]!;
      header = (header | ((byte & 0x7f) << shift)) >>> 0;
      if (byte < 0x80) break;
    }
    const room = codes.length - count;
    if ((header & 1) === 0) {
      const byteCount = (bitWidth + 7) >> 3;
      if (position + byteCount > bytes.length) throw new RangeError('Expected the code of a run, got the end');
      let code = 0;
      for (let at = 0; at < byteCount; at++) code |= bytes[position++]! << (8 * at);
      const runCount = Math.min(room, header >>> 1);
      codes.fill(code & mask, count, count + runCount);
      count += runCount;
      continue;
    }
    const groupBytes = (header >>> 1) * bitWidth;
    const wanted = Math.min(room, (header >>> 1) * 8);
    if (position + Math.ceil((wanted * bitWidth) / 8) > bytes.length)
      throw new RangeError('Expected packed codes, got the end');
    let word = 0;
    let bits = 0;
    let from = position;
    for (let at = 0; at < wanted; at++) {
      while (bits < bitWidth) {
        word |= bytes[from++]! << bits;
        bits += 8;
      }
      codes[count++] = word & mask;
      word >>>= bitWidth;
      bits -= bitWidth;
    }
    position += groupBytes;
  }
}
