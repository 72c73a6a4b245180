import { Buffer } from 'node:buffer';
import type { SampleArray } from '../../cube/cube.ts';
import { samplesOver } from '../../cube/sample-array.ts';
import type { TiffLayout } from './tiff-layout.ts';

const isHostBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

/**
 * Turns the decoded bytes of a block, in place, into the numbers that they mean: byte order, predictor, 64-bit integers
 * to float64.
 *
 * @param bytes Whole rows of `rowLength` numbers; its offset in its buffer is a multiple of 8.
 * @source TIFF 6.0, section 14 (predictor 2); Adobe Photoshop TIFF Technical Note 3 (predictor 3).
 */
export function blockNumbers(layout: TiffLayout, bytes: Uint8Array, rowLength: number): SampleArray {
  const step = layout.isChunky ? layout.bandCount : 1;
  const { sampleBytes } = layout;
  // The floating-point predictor writes bytes of equal weight together, highest first, whatever the file's byte order.
  if (layout.predictor === 3) undoFloatPredictor(bytes, rowLength, sampleBytes, step);
  else if (layout.isBigEndian !== isHostBigEndian && sampleBytes > 1) swapBytes(bytes, sampleBytes);
  if (layout.predictor === 2) undoDifferences(layout, bytes, rowLength, step);
  const length = bytes.byteLength / sampleBytes;
  const numbers = samplesOver(layout.sampleType, bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
  if (layout.wideInteger === null) return numbers;
  const Wide = layout.wideInteger === 'int64' ? BigInt64Array : BigUint64Array;
  const integers = new Wide(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
  for (let index = 0; index < length; index++) numbers[index] = Number(integers[index]!);
  return numbers;
}

function swapBytes(bytes: Uint8Array, sampleBytes: number): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (sampleBytes === 2) view.swap16();
  else if (sampleBytes === 4) view.swap32();
  else view.swap64();
}

/** Each number is the difference to the one a pixel before; sums wrap around as the integers do. */
function undoDifferences(layout: TiffLayout, bytes: Uint8Array, rowLength: number, step: number): void {
  const { sampleBytes } = layout;
  const buffer = bytes.buffer as ArrayBuffer;
  const length = bytes.byteLength / sampleBytes;
  const type = sampleBytes === 1 ? 'uint8' : sampleBytes === 2 ? 'uint16' : 'uint32';
  const values = samplesOver(type, buffer, bytes.byteOffset, length);
  for (let row = 0; row < length; row += rowLength) {
    for (let at = row + step; at < row + rowLength; at++) values[at] = values[at]! + values[at - step]!;
  }
}

function undoFloatPredictor(bytes: Uint8Array, rowLength: number, sampleBytes: number, step: number): void {
  const rowBytes = rowLength * sampleBytes;
  const planes = new Uint8Array(rowBytes);
  for (let row = 0; row < bytes.length; row += rowBytes) {
    planes.set(bytes.subarray(row, row + rowBytes));
    for (let at = step; at < rowBytes; at++) planes[at] = planes[at]! + planes[at - step]!;
    for (let index = 0; index < rowLength; index++) {
      for (let weight = 0; weight < sampleBytes; weight++) {
        const at = row + index * sampleBytes + (isHostBigEndian ? weight : sampleBytes - 1 - weight);
        bytes[at] = planes[weight * rowLength + index]!;
      }
    }
  }
}
