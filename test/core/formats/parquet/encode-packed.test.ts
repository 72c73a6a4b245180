import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitWidthOf, packedBytesMax, writeBitPacked, writeRun } from '#core/formats/parquet/bit-packing.ts';
import { encodePacked, type PackedScratch, packedScratch } from '#core/formats/parquet/encode-packed.ts';
import { encoding } from '#core/formats/parquet/parquet-column.ts';
import { KernelMemory } from '#core/kernels/kernel-memory.ts';
import { packedFill } from '#core/radiometry/quality.ts';

const rowCountMax = 700;
const memory = new KernelMemory(2 << 20);
const inside = new Int16Array(memory.buffer, memory.take((rowCountMax + 1) * 2), rowCountMax + 1);
const scratch: PackedScratch = packedScratch(rowCountMax, memory);

/** The column's two pages by the plainest way: a sorted set, a map and one code at a time. */
function byHand(values: readonly number[]): { readonly floats: number[]; readonly pages: Buffer } {
  const present = values.filter((value) => value !== packedFill);
  const distinct = [...new Set(present)].sort((a, b) => a - b);
  const codeOf = new Map(distinct.map((value, code) => [value, code]));
  const codes = present.map((value) => codeOf.get(value)!);
  // An odd last code stands twice.
  if (codes.length % 2 === 1) codes.push(codes.at(-1)!);
  const bitWidth = bitWidthOf(distinct.length);
  const out = new Uint8Array(1 + packedBytesMax(codes.length, bitWidth));
  out[0] = bitWidth;
  const end =
    distinct.length === 1
      ? writeRun(out, 1, 0, present.length, bitWidth)
      : writeBitPacked(out, 1, Uint16Array.from(codes), codes.length, bitWidth);
  return { floats: distinct.map((value) => Math.fround(value / 10_000)), pages: Buffer.from(out.subarray(0, end)) };
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: -3000, max: 12_000 }) },
  fc.constantFrom(-32_767, 32_767, 0),
);
const values = fc.oneof(
  fc.array(value, { minLength: 1, maxLength: rowCountMax }),
  fc.array(fc.oneof({ weight: 9, arbitrary: value }, fc.constant(packedFill)), { minLength: 1, maxLength: 90 }),
);

describe('a column of packed reflectance', () => {
  it('has the dictionary and codes of the plain way, or byte streams of its floats', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (given, isInside) => {
        inside.set(given);
        const column = encodePacked(isInside ? inside : Int16Array.from(given), given.length, scratch);
        const expected = byHand(given);
        const present = given.filter((each) => each !== packedFill);
        expect(column.nullCount).toBe(given.length - present.length);
        if (present.length === 0) {
          expect(column.values.length).toBe(0);
        } else if (column.dictionary === null) {
          expect(column.encoding).toBe(encoding.byteStreamSplit);
          const plain = Buffer.from(Float32Array.from(present, (each) => each / 10_000).buffer);
          const streams = [0, 1, 2, 3].map((stream) => present.map((_, at) => plain[at * 4 + stream]!));
          expect([...column.values]).toEqual(streams.flat());
        } else {
          const { bytes, count } = column.dictionary;
          expect([...new Float32Array(bytes.buffer, bytes.byteOffset, count)]).toEqual(expected.floats);
          expect(Buffer.from(column.values).equals(expected.pages)).toBe(true);
        }
      }),
      { seed: 20_260_503, numRuns: 400 },
    );
  });

  it('takes both encodings in that property', () => {
    const few = encodePacked(
      Int16Array.from({ length: 600 }, (_, at) => at % 9),
      600,
      scratch,
    );
    const many = encodePacked(
      Int16Array.from({ length: 605 }, (_, at) => at * 17),
      605,
      scratch,
    );
    expect([few.encoding, many.encoding]).toEqual([encoding.rleDictionary, encoding.byteStreamSplit]);
  });

  it('is refused when it has more rows than the scratch', () => {
    expect(() => encodePacked(new Int16Array(701), 701, scratch)).toThrow(/a scratch for these rows/);
  });
});
