import type { SampleArray } from '../../cube/cube.ts';
import type { LineWindow, windowBuffer } from '../../cube/line-window.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import type { CubeAxes } from './cube-axes.ts';

type Range = readonly [number, number];

/** Numbers of a window of one 3-D dataset, in its own order. */
export function readSlab(
  file: Hdf5File,
  path: string,
  axes: CubeAxes,
  window: LineWindow,
  sampleCount: number,
  buffer: ReturnType<typeof windowBuffer>,
): SampleArray {
  const lines: Range = [window.lineStart, window.lineStart + window.lineCount];
  const sliceOf = (bands: Range): SampleArray => {
    const ranges: Range[] = [];
    ranges[axes.line] = lines;
    ranges[axes.sample] = [0, sampleCount];
    ranges[axes.band] = bands;
    return file.readSlice(path, ranges);
  };
  if (window.bandRuns.length === 1) return sliceOf(window.bandRuns[0]!);
  const target = buffer(window.lineCount * window.bandCount * sampleCount);
  let bandStart = 0;
  for (const run of window.bandRuns) {
    placeBands(sliceOf(run), run[1] - run[0], target, bandStart, window, sampleCount, axes.interleave);
    bandStart += run[1] - run[0];
  }
  return target;
}

/** Copies a slice of consecutive bands to its place among the window's bands. */
function placeBands(
  slice: SampleArray,
  sliceBandCount: number,
  target: SampleArray,
  bandStart: number,
  window: LineWindow,
  sampleCount: number,
  interleave: CubeAxes['interleave'],
): void {
  // Runs of numbers that lie together in both: whole planes, rows of a line, or bands of a pixel.
  const rowLength = interleave === 'bip' ? 1 : interleave === 'bil' ? sampleCount : sampleCount * window.lineCount;
  const blockCount = slice.length / (sliceBandCount * rowLength);
  const blockLength = sliceBandCount * rowLength;
  for (let block = 0; block < blockCount; block++) {
    const targetStart = (block * window.bandCount + bandStart) * rowLength;
    target.set(slice.subarray(block * blockLength, (block + 1) * blockLength), targetStart);
  }
}
