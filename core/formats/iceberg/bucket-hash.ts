/**
 * Partition values of Iceberg's bucket transform: Murmur3 of 32 bits, x86 variant, seed 0, over the value's bytes.
 * @source Apache Iceberg table specification, "Appendix B: 32-bit Hash Requirements"
 */
export function bucketOf(value: bigint | string, bucketCount: number): number {
  return (murmur3(bytesOf(value)) & 0x7fff_ffff) % bucketCount;
}

/** Integers, dates (days) and times (microseconds) are hashed as 64 bits, little-endian, whatever their own width. */
function bytesOf(value: bigint | string): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return bytes;
}

function murmur3(bytes: Buffer): number {
  const wholeLength = bytes.length - (bytes.length % 4);
  let hash = 0;
  for (let offset = 0; offset < wholeLength; offset += 4) {
    hash ^= scrambled(bytes.readInt32LE(offset));
    hash = (Math.imul(rotated(hash, 13), 5) + 0xe654_6b64) | 0;
  }
  if (wholeLength < bytes.length) hash ^= scrambled(bytes.readUIntLE(wholeLength, bytes.length - wholeLength));
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

function scrambled(word: number): number {
  return Math.imul(rotated(Math.imul(word, 0xcc9e_2d51), 15), 0x1b87_3593);
}

function rotated(word: number, bitCount: number): number {
  return (word << bitCount) | (word >>> (32 - bitCount));
}
