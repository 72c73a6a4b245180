import { readFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '#core/errors.ts';
import { shuffleBytes, shufflePairs } from '#core/formats/blosc/byte-shuffle.ts';
import { decodeBlosc } from '#core/formats/blosc/decode-blosc.ts';
import { bloscOverheadBytesMax, encodeShuffled, encodeStored } from '#core/formats/blosc/encode-blosc.ts';
import { KernelMemory } from '#core/kernels/kernel-memory.ts';

interface Frame {
  readonly name: string;
  readonly frame: string;
  readonly decoded: string;
}

const frames = JSON.parse(
  readFileSync(new URL('../../../fixtures/blosc/frames.expected.json', import.meta.url), 'utf8'),
) as readonly Frame[];
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** As the shard writer encodes a plane: split if that shrinks it, else as it is. */
function encode(values: Int16Array): Uint8Array {
  const out = new Uint8Array(values.byteLength + bloscOverheadBytesMax);
  const streams = new Uint8Array(values.byteLength);
  shufflePairs(values, 0, values.length, values.length, 0, streams, null);
  const frameBytes = encodeShuffled(streams, 2, values.length, out, 0);
  const plain = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return out.subarray(0, frameBytes > 0 ? frameBytes : encodeStored(plain, 2, out, 0));
}

const smooth = Int16Array.from({ length: 4000 }, (_, at) => 3000 + Math.round(500 * Math.sin(at / 200)));

describe('frames by c-blosc', () => {
  test.each(frames.filter(({ name }) => !name.startsWith('refused')))('decodes $name', ({ frame, decoded }) => {
    const expected = bytesOf(decoded);
    expect(Buffer.from(decodeBlosc(bytesOf(frame), expected.length, 'frame')).equals(expected)).toBe(true);
  });

  test.each(frames.filter(({ name }) => name.startsWith('refused')))('is $name', ({ name, frame, decoded }) => {
    const wanted = name.replace('refused: ', '');
    expect(() => decodeBlosc(bytesOf(frame), bytesOf(decoded).length, 'chunk 7')).toThrow(
      new RegExp(`got ${wanted} \\(chunk 7\\)`),
    );
  });
});

describe('our frames', () => {
  test('decode to what went in, whatever the values', () => {
    const values = fc.oneof(
      fc.int16Array({ maxLength: 600, minLength: 1 }),
      fc.int16Array({ min: -9, max: 9, maxLength: 600, minLength: 1 }),
    );
    fc.assert(
      fc.property(values, (plane) => {
        const decoded = decodeBlosc(encode(plane), plane.byteLength, 'frame');
        expect(Buffer.from(decoded).equals(Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength))).toBe(true);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test('store noisy low bytes at their size and shrink the high bytes', () => {
    // A linear congruential generator: every low byte equally often.
    let state = 1;
    const noisy = smooth.map((value) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return value + (state >>> 24);
    });
    const plane = new Int16Array(8000);
    plane.set(noisy);
    plane.set(noisy, 4000);
    const frame = encode(plane);
    const lowStreamBytes = new DataView(frame.buffer).getInt32(20, true);
    expect(lowStreamBytes).toBe(8000);
    expect(frame.length).toBeLessThan(8000 + 2000);
    const decoded = decodeBlosc(frame, 16_000, 'frame');
    expect(new Int16Array(decoded.buffer, decoded.byteOffset, 8000)).toEqual(plane);
  });

  test('never grow by more than the header', () => {
    const noise = Int16Array.from({ length: 300 }, (_, at) => Math.imul(at + 1, 0x9e3779b1) >>> 15);
    expect(encode(noise).length).toBeLessThanOrEqual(noise.byteLength + 16);
  });
});

describe('shuffling', () => {
  test('gives the same streams in the memory of the kernels and elsewhere', () => {
    const memory = new KernelMemory(65_536);
    const inside = new Int16Array(memory.buffer, memory.take(120), 60);
    inside.set(Int16Array.from({ length: 60 }, (_, at) => Math.imul(at + 3, 40_503)));
    const streams = memory.bytes(104);
    for (const start of [0, 1, 2, 3]) {
      for (const count of [0, 1, 15, 16, 17, 32, 52]) {
        const plain = new Int16Array(52).fill(-32768);
        plain.set(inside.subarray(start, start + count));
        const expected = new Uint8Array(104);
        shuffleBytes(new Uint8Array(plain.buffer), 2, 52, expected);
        shufflePairs(inside, start, count, 52, -32768, streams.fill(7), memory);
        expect(streams).toEqual(expected);
        const outside = new Uint8Array(104);
        shufflePairs(inside, start, count, 52, -32768, outside, null);
        expect(outside).toEqual(expected);
      }
    }
  });
});

describe('broken frames', () => {
  const frame = encode(smooth);
  const int32At = (at: number, value: number): Uint8Array => {
    const changed = frame.slice();
    new DataView(changed.buffer).setUint32(at, value, true);
    return changed;
  };
  const refused = (bytes: Uint8Array): void => {
    expect(() => decodeBlosc(bytes, 8000, 'chunk')).toThrow(FormatError);
  };

  test('are refused at every length short of the whole', () => {
    for (let length = 0; length < frame.length; length++) refused(frame.subarray(0, length));
  });

  test.each([
    ['a decoded size of 4 GiB', 4, 0xffffffff],
    ['another decoded size', 4, 7999],
    ['blocks of no bytes', 8, 0],
    ['blocks of one byte, so more starts than bytes', 8, 1],
    ['a block larger than the data', 8, 8001],
    ['another frame size', 12, 7],
    ['a block that starts beyond the end', 16, 0x7fffffff],
    ['a block that starts in the header', 16, 4],
    ['a stream longer than the frame', 20, 0xffffffff],
    ['a stream of no bytes', 20, 0],
  ])('are refused for %s', (_, at, value) => {
    refused(int32At(at, value));
  });

  test('are refused when a stream decodes to more than its share', () => {
    const bomb = zstdCompressSync(new Uint8Array(50_000_000));
    const bytes = new Uint8Array(24 + bomb.length);
    bytes.set(frame.subarray(0, 20));
    bytes.set(bomb, 24);
    const view = new DataView(bytes.buffer);
    view.setUint32(12, bytes.length, true);
    view.setUint32(20, bomb.length, true);
    refused(bytes);
  });

  test('give a typed error or 8000 bytes, whichever byte is flipped', () => {
    for (let at = 0; at < frame.length; at++) {
      for (const bits of [0x01, 0x80, 0xff]) {
        const changed = frame.slice();
        changed[at]! ^= bits;
        try {
          expect(decodeBlosc(changed, 8000, 'chunk')).toHaveLength(8000);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
  });
});
