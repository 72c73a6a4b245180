import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '#core/formats/zarr/crc32c.ts';

test('gives the checksums of RFC 3720 appendix B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(ascending)).toBe(0x46dd794e);
  expect(crc32c(ascending.toReversed())).toBe(0x113fdb5c);
});

test('of no bytes is 0', () => {
  expect(crc32c(new Uint8Array(0))).toBe(0);
});

/** One bit at a time, as the polynomial division is defined. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

test('of any part of any bytes equals the division bit by bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(40), fc.nat(40), (bytes, from, length) => {
      const start = Math.min(from, bytes.length);
      const end = Math.min(bytes.length, start + length);
      expect(crc32c(bytes, start, end)).toBe(bitwise(bytes.subarray(start, end)));
    }),
    { seed: 1, numRuns: 300 },
  );
});
