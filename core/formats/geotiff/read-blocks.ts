import type { SampleArray } from '../../cube/cube.ts';
import type { LineWindow } from '../../cube/line-window.ts';
import { FormatError, TruncatedInputError } from '../../errors.ts';
import { decodedCacheBytesMax } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { blockNumbers } from './block-numbers.ts';
import { decompress } from './decompress.ts';
import { blockBytes, blockGrid, compressions, type TiffLayout } from './tiff-layout.ts';

/** Rows of one block that a window needs, as numbers [rows, block samples, bands of the block]. */
interface BlockRows {
  readonly numbers: SampleArray;
  /** Line of the image that the first row is. */
  readonly lineStart: number;
}

/** Fills a window in BSQ order from the blocks that it touches, and no others. */
export type BlockReader = (window: LineWindow, target: SampleArray) => Promise<void>;

/**
 * Blocks that are not compressed are read row by row; decoded ones are kept, as far as memory allows, because the next
 * window of lines often needs the other half of them.
 */
export function blockReader(source: ByteSource, layout: TiffLayout, fillValue: number | null): BlockReader {
  const decoded = new Map<number, SampleArray>();
  const keptCountMax = Math.floor(decodedCacheBytesMax / blockBytes(layout));
  const rowLength = layout.blockSampleCount * (layout.isChunky ? layout.bandCount : 1);

  async function blockRows(index: number, lineStart: number, firstLine: number, endLine: number): Promise<BlockRows> {
    if (layout.blockByteCounts[index] === 0) {
      // GDAL leaves out blocks that hold no value.
      const length = (endLine - firstLine) * rowLength;
      return { numbers: filled(layout, length, fillValue), lineStart: firstLine };
    }
    if (layout.compression === compressions.none) {
      const [from, to] = [firstLine - lineStart, endLine - lineStart];
      const rowBytes = rowLength * layout.sampleBytes;
      const bytes = new Uint8Array((to - from) * rowBytes);
      checkStored(layout, source, index, to * rowBytes);
      await source.readInto(layout.blockOffsets[index]! + from * rowBytes, bytes);
      return { numbers: blockNumbers(layout, bytes, rowLength), lineStart: firstLine };
    }
    const kept = decoded.get(index);
    const numbers = kept ?? (await decodeBlock(source, layout, index, lineStart, rowLength));
    decoded.delete(index);
    if (decoded.size >= keptCountMax) decoded.delete(decoded.keys().next().value!);
    if (keptCountMax > 0) decoded.set(index, numbers);
    return { numbers, lineStart };
  }

  return async (window, target) => {
    const { columnCount, rowCount } = blockGrid(layout);
    const lineEnd = window.lineStart + window.lineCount;
    const firstRow = Math.floor(window.lineStart / layout.blockLineCount);
    const endRow = Math.ceil(lineEnd / layout.blockLineCount);
    const bands = window.bandRuns.flatMap(([start, end]) => Array.from({ length: end - start }, (_, at) => start + at));
    for (let row = firstRow; row < endRow; row++) {
      const lineStart = row * layout.blockLineCount;
      const lines = [
        Math.max(lineStart, window.lineStart),
        Math.min(lineStart + layout.blockLineCount, lineEnd),
      ] as const;
      for (let column = 0; column < columnCount; column++) {
        if (layout.isChunky) {
          const rows = await blockRows(row * columnCount + column, lineStart, ...lines);
          for (const [at, band] of bands.entries()) copyBand(layout, rows, lines, column, band, target, at, window);
        } else {
          for (const [at, band] of bands.entries()) {
            const rows = await blockRows((band * rowCount + row) * columnCount + column, lineStart, ...lines);
            copyBand(layout, rows, lines, column, 0, target, at, window);
          }
        }
      }
    }
  };
}

function filled(layout: TiffLayout, length: number, fillValue: number | null): SampleArray {
  const bytes = new Uint8Array(length * layout.sampleBytes);
  return blockNumbers({ ...layout, predictor: 1 }, bytes, length).fill(fillValue ?? 0);
}

function checkStored(layout: TiffLayout, source: ByteSource, index: number, neededBytes: number): void {
  const storedBytes = layout.blockByteCounts[index]!;
  const endBytes = layout.blockOffsets[index]! + storedBytes;
  if (!(layout.blockOffsets[index]! >= 0 && endBytes <= source.sizeBytes)) {
    throw new TruncatedInputError({ path: source.name, expectedBytes: endBytes, actualBytes: source.sizeBytes });
  }
  if (storedBytes < neededBytes) {
    throw new FormatError(`Expected ${neededBytes} bytes in block ${index}, got ${storedBytes} (${source.name}).`);
  }
}

async function decodeBlock(
  source: ByteSource,
  layout: TiffLayout,
  index: number,
  lineStart: number,
  rowLength: number,
): Promise<SampleArray> {
  checkStored(layout, source, index, 0);
  const input = new Uint8Array(layout.blockByteCounts[index]!);
  await source.readInto(layout.blockOffsets[index]!, input);
  const target = new Uint8Array(blockBytes(layout));
  const decodedBytes = decompress(input, layout.compression, target, `${source.name}, block ${index}`);
  const rowBytes = rowLength * layout.sampleBytes;
  // The last strip of an image may be shorter; a tile never is.
  const rowCount = layout.isTiled
    ? layout.blockLineCount
    : Math.min(layout.blockLineCount, layout.lineCount - lineStart);
  if (decodedBytes < rowCount * rowBytes) {
    throw new FormatError(
      `Expected ${rowCount * rowBytes} bytes in block ${index}, got ${decodedBytes} (${source.name}). Copy the file again from its source.`,
      { path: source.name },
    );
  }
  return blockNumbers(layout, target.subarray(0, rowCount * rowBytes), rowLength);
}

/** Copies one band of the part of a block that lies in the window to its plane. */
function copyBand(
  layout: TiffLayout,
  { numbers, lineStart }: BlockRows,
  lines: readonly [number, number],
  column: number,
  bandInBlock: number,
  target: SampleArray,
  bandInWindow: number,
  window: LineWindow,
): void {
  const step = layout.isChunky ? layout.bandCount : 1;
  const sampleStart = column * layout.blockSampleCount;
  const sampleEnd = Math.min(sampleStart + layout.blockSampleCount, layout.sampleCount);
  const count = sampleEnd - sampleStart;
  for (let line = lines[0]; line < lines[1]; line++) {
    let from = (line - lineStart) * layout.blockSampleCount * step + bandInBlock;
    const to = (bandInWindow * window.lineCount + line - window.lineStart) * layout.sampleCount + sampleStart;
    if (step === 1) {
      target.set(numbers.subarray(from, from + count), to);
      continue;
    }
    for (let sample = 0; sample < count; sample++, from += step) target[to + sample] = numbers[from]!;
  }
}
