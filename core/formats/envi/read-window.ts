import { Buffer } from 'node:buffer';
import type { SampleArray } from '../../cube/cube.ts';
import type { LineWindow } from '../../cube/line-window.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { EnviLayout } from './envi-layout.ts';

/** Bytes of the data file that go to one place of the window. */
export interface ByteSegment {
  readonly sourceOffsetBytes: number;
  readonly targetOffsetBytes: number;
  readonly lengthBytes: number;
}

/**
 * The reads that fill a window, neighbours merged: one for a window of whole lines in BIL or BIP, one per band in BSQ.
 * Not for some bands of a BIP cube, whose bands do not lie together.
 */
export function planSegments(layout: EnviLayout, window: LineWindow): ByteSegment[] {
  const { headerOffsetBytes, lineCount, sampleCount, bandCount, sampleBytes } = layout;
  const rowBytes = sampleCount * sampleBytes;
  const segments: { sourceOffsetBytes: number; targetOffsetBytes: number; lengthBytes: number }[] = [];
  let targetOffsetBytes = 0;
  const add = (row: number, rowCount: number) => {
    const sourceOffsetBytes = headerOffsetBytes + row * rowBytes;
    const lengthBytes = rowCount * rowBytes;
    const last = segments.at(-1);
    if (last !== undefined && last.sourceOffsetBytes + last.lengthBytes === sourceOffsetBytes)
      last.lengthBytes += lengthBytes;
    else segments.push({ sourceOffsetBytes, targetOffsetBytes, lengthBytes });
    targetOffsetBytes += lengthBytes;
  };
  const lineEnd = window.lineStart + window.lineCount;
  if (layout.interleave === 'bsq') {
    for (const [start, end] of window.bandRuns) {
      for (let band = start; band < end; band++) add(band * lineCount + window.lineStart, window.lineCount);
    }
  } else {
    // In BIP a line is as many rows as it has bands, too, when all of them are read.
    for (let line = window.lineStart; line < lineEnd; line++) {
      for (const [start, end] of window.bandRuns) add(line * bandCount + start, end - start);
    }
  }
  return segments;
}

/** Fills `target` with the window's numbers in the cube's interleave, native byte order. */
export async function readWindow(
  data: ByteSource,
  layout: EnviLayout,
  window: LineWindow,
  target: SampleArray,
  lineScratch: () => SampleArray,
): Promise<void> {
  if (layout.interleave === 'bip' && !window.isWhole) {
    await readBandsOfPixels(data, layout, window, target, lineScratch());
    return;
  }
  const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  for (const { sourceOffsetBytes, targetOffsetBytes, lengthBytes } of planSegments(layout, window)) {
    await data.readInto(sourceOffsetBytes, bytes.subarray(targetOffsetBytes, targetOffsetBytes + lengthBytes));
  }
  toNativeNumbers(layout, bytes);
}

/** Reads a whole line at a time and keeps the bands that were asked for. */
async function readBandsOfPixels(
  data: ByteSource,
  layout: EnviLayout,
  window: LineWindow,
  target: SampleArray,
  line: SampleArray,
): Promise<void> {
  const bytes = new Uint8Array(line.buffer, line.byteOffset, line.byteLength);
  for (let index = 0; index < window.lineCount; index++) {
    await data.readInto(layout.headerOffsetBytes + (window.lineStart + index) * bytes.length, bytes);
    toNativeNumbers(layout, bytes);
    let at = index * layout.sampleCount * window.bandCount;
    for (let pixelStart = 0; pixelStart < line.length; pixelStart += layout.bandCount) {
      for (const [start, end] of window.bandRuns) {
        for (let band = start; band < end; band++) target[at++] = line[pixelStart + band]!;
      }
    }
  }
}

const isHostBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

/** Swaps bytes and turns 64-bit integers into float64, in place; native numbers are left alone. */
function toNativeNumbers(layout: EnviLayout, bytes: Uint8Array): void {
  if (layout.isBigEndian !== isHostBigEndian && layout.sampleBytes > 1) {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (layout.sampleBytes === 2) view.swap16();
    else if (layout.sampleBytes === 4) view.swap32();
    else view.swap64();
  }
  if (layout.wideInteger === null) return;
  const length = bytes.byteLength / 8;
  const Wide = layout.wideInteger === 'int64' ? BigInt64Array : BigUint64Array;
  const integers = new Wide(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, length);
  for (let index = 0; index < length; index++) numbers[index] = Number(integers[index]!);
}
