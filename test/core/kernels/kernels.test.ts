import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelMemory } from '#core/kernels/kernel-memory.ts';

const runs = { seed: 20_260_501, numRuns: 300 };
const memory = new KernelMemory(1 << 20);
const { kernels } = memory;
const seen = memory.bytes(65_536);
const codeOf = new Uint16Array(memory.buffer, memory.take(131_072), 65_536);
const floats = new Float32Array(memory.buffer, memory.take(262_144), 65_536);
const values = new Int16Array(memory.buffer, memory.take(4096), 2048);
const out = memory.bytes(8192);

/** Most codes of real columns lie close together; the ends of int16 must work as well. */
const int16 = fc.oneof(
  fc.integer({ min: -32_768, max: 32_767 }),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(-32_768, -32_767, -1, 0, 1, 32_766, 32_767),
);

/** Codes as one large number, least significant bits first: slow, and without a word to overflow. */
function packedByHand(codes: readonly number[], bitWidth: number): Buffer {
  const all = codes.reduceRight((sum, code) => (sum << BigInt(bitWidth)) | BigInt(code), 0n);
  const sizeBytes = Math.ceil(codes.length / 8) * bitWidth;
  return Buffer.from(all.toString(16).padStart(sizeBytes * 2, '0'), 'hex').reverse();
}

describe('numberDistinct after markSeen', () => {
  it('numbers distinct values ascending and gives the float nearest to each / 10 000', () => {
    fc.assert(
      fc.property(fc.array(int16, { maxLength: 200 }), (given) => {
        values.set(given);
        kernels.markSeen(values.byteOffset, given.length, seen.byteOffset);
        const count = kernels.numberDistinct(seen.byteOffset, codeOf.byteOffset, floats.byteOffset);
        const expected = [...new Set(given)].sort((a, b) => a - b);
        expect([...floats.subarray(0, count)]).toEqual(expected.map((value) => Math.fround(value / 10_000)));
        expect(expected.map((value) => codeOf[value & 0xffff])).toEqual(expected.map((_, code) => code));
      }),
      runs,
    );
  });

  it('takes all 65 536 values', () => {
    const all = new KernelMemory(1 << 20);
    const at = all.take(131_072);
    new Int16Array(all.buffer, at, 65_536).forEach((_, index, array) => {
      array[index] = index;
    });
    const [seenAt, codeOfAt, floatsAt] = [all.take(65_536), all.take(131_072), all.take(262_144)];
    all.kernels.markSeen(at, 65_536, seenAt);
    expect(all.kernels.numberDistinct(seenAt, codeOfAt, floatsAt)).toBe(65_536);
    const [first, last] = [
      new Float32Array(all.buffer, floatsAt, 65_536)[0],
      new Uint16Array(all.buffer, codeOfAt)[32_767],
    ];
    expect([first, last]).toEqual([Math.fround(-3.2768), 65_535]);
  });
});

describe('packCodes', () => {
  it.each(Array.from({ length: 16 }, (_, at) => at + 1))('packs codes of %i bits of any count', (bitWidth) => {
    const code = fc.integer({ min: 0, max: 2 ** bitWidth - 1 });
    fc.assert(
      fc.property(fc.array(code, { maxLength: 70 }), fc.integer({ min: 0, max: 15 }), (codes, shiftBytes) => {
        // Each value stands for itself: value v has the code v.
        for (const each of codes) codeOf[each] = each;
        values.set(codes);
        const outAt = out.byteOffset + shiftBytes;
        out.fill(0xaa);
        kernels.packCodes(values.byteOffset, codes.length, codeOf.byteOffset, bitWidth, outAt);
        const expected = packedByHand(codes, bitWidth);
        expect(
          Buffer.from(memory.buffer, outAt, codes.length === 0 ? 0 : expected.length).equals(
            codes.length === 0 ? Buffer.alloc(0) : expected,
          ),
        ).toBe(true);
        // Not a byte before, nor more than 16 behind.
        expect([...out.subarray(0, shiftBytes)].every((byte) => byte === 0xaa)).toBe(true);
        expect(out[shiftBytes + expected.length + 16]).toBe(0xaa);
      }),
      { ...runs, numRuns: 100 },
    );
  });
});

describe('KernelMemory', () => {
  it('gives aligned regions that do not overlap, and refuses more than there is', () => {
    const small = new KernelMemory(65_536);
    expect([small.take(1), small.take(17), small.take(16)]).toEqual([0, 16, 48]);
    expect(() => small.take(65_536)).toThrow(/room in the kernels memory/);
  });
});
