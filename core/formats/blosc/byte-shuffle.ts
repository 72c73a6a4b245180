import type { KernelMemory } from '../../kernels/kernel-memory.ts';

/**
 * Byte shuffle: byte k of every element goes to stream k, so that the bytes that vary little lie together.
 * Streams are `elementCount` long and follow one another in `target`.
 */
export function shuffleBytes(source: Uint8Array, typeBytes: number, elementCount: number, target: Uint8Array): void {
  for (let byte = 0; byte < typeBytes; byte++) {
    const stream = byte * elementCount;
    for (let element = 0, at = byte; element < elementCount; element++, at += typeBytes) {
      target[stream + element] = source[at]!;
    }
  }
}

/** Undoes `shuffleBytes`. */
export function unshuffleBytes(source: Uint8Array, typeBytes: number, elementCount: number, target: Uint8Array): void {
  if (typeBytes === 2 && target.byteOffset % 2 === 0) {
    const values = new Uint16Array(target.buffer, target.byteOffset, elementCount);
    for (let element = 0; element < elementCount; element++) {
      values[element] = source[element]! | (source[elementCount + element]! << 8);
    }
    return;
  }
  for (let byte = 0; byte < typeBytes; byte++) {
    const stream = byte * elementCount;
    for (let element = 0, at = byte; element < elementCount; element++, at += typeBytes) {
      target[at] = source[stream + element]!;
    }
  }
}

/**
 * Shuffles int16 values [start, start + count) into the first `count` places of both streams of `elementCount` in `out`; the
 * rest gets `padding`. Sixteen values a step where `values` and `out` lie in the memory of the kernels.
 *
 * @param out Low bytes [0, elementCount), high bytes [elementCount, 2 * elementCount).
 */
export function shufflePairs(
  values: Int16Array,
  start: number,
  count: number,
  elementCount: number,
  padding: number,
  out: Uint8Array,
  memory: KernelMemory | null,
): void {
  if (memory?.holds(values) && memory.holds(out)) {
    memory.kernels.splitPairs(values.byteOffset + start * 2, count, out.byteOffset, out.byteOffset + elementCount);
  } else {
    splitPairs(values, start, count, elementCount, out);
  }
  out.fill(padding & 0xff, count, elementCount);
  out.fill((padding >> 8) & 0xff, elementCount + count, elementCount * 2);
}

function splitPairs(values: Int16Array, start: number, count: number, highStart: number, out: Uint8Array): void {
  for (let element = 0; element < count; element++) {
    const value = values[start + element]!;
    out[element] = value;
    out[highStart + element] = value >> 8;
  }
}
