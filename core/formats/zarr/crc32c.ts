/** Castagnoli polynomial, bits reversed (RFC 3720 appendix B.4); not the CRC-32 of zlib and gzip. */
const polynomial = 0x82f63b78;

/** Eight tables of 256, one after another: table k holds the effect of a byte that k more bytes follow. */
const tables = buildTables();

function buildTables(): Int32Array {
  const out = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
    out[byte] = value;
  }
  for (let at = 256; at < out.length; at++) {
    const previous = out[at - 256]!;
    out[at] = (previous >>> 8) ^ out[previous & 0xff]!;
  }
  return out;
}

/** CRC-32C of bytes [start, end), unsigned; eight bytes a step. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  let at = start;
  for (const stop = end - 7; at < stop; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      tables[1792 + (crc & 0xff)]! ^
      tables[1536 + ((crc >>> 8) & 0xff)]! ^
      tables[1280 + ((crc >>> 16) & 0xff)]! ^
      tables[1024 + (crc >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
