import { type CubeWindow, strides } from '#core/cube/cube.ts';

/** A part of a window that lies in one run of its data: half-open ranges of all three axes. */
export interface TilePiece {
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly bandStart: number;
  readonly bandEnd: number;
  readonly sampleStart: number;
  readonly sampleEnd: number;
  /** First value of the run in the window's data. */
  readonly from: number;
  readonly valueCount: number;
}

type Axis = 'line' | 'band' | 'sample';
const axesSlowestFirst: Readonly<Record<CubeWindow['interleave'], readonly [Axis, Axis, Axis]>> = {
  bsq: ['band', 'line', 'sample'],
  bil: ['line', 'band', 'sample'],
  bip: ['line', 'sample', 'band'],
};

/**
 * Cuts a window into pieces of at most `valueCountMax` values: along its slowest axis, and where one step of that is too
 * much, along the next.
 * @returns null when one step along the second axis is too much already
 */
export function tilePieces(window: Omit<CubeWindow, 'data'>, valueCountMax: number): TilePiece[] | null {
  const counts = { line: window.lineCount, band: window.bandCount, sample: window.sampleCount };
  const [slow, middle] = axesSlowestFirst[window.interleave];
  const step = strides(window);
  const pieces: TilePiece[] = [];
  const slowPerPiece = Math.floor(valueCountMax / step[slow]);
  const middlePerPiece = Math.floor(valueCountMax / step[middle]);
  if (middlePerPiece === 0) return null;
  const add = (slowStart: number, slowEnd: number, middleStart: number, middleEnd: number): void => {
    const range = { line: [0, counts.line], band: [0, counts.band], sample: [0, counts.sample] };
    range[slow] = [slowStart, slowEnd];
    range[middle] = [middleStart, middleEnd];
    const [[lineStart, lineEnd], [bandStart, bandEnd], [sampleStart, sampleEnd]] = [
      range.line,
      range.band,
      range.sample,
    ] as [[number, number], [number, number], [number, number]];
    pieces.push({
      lineStart,
      lineEnd,
      bandStart,
      bandEnd,
      sampleStart,
      sampleEnd,
      from: slowStart * step[slow] + middleStart * step[middle],
      valueCount: (lineEnd - lineStart) * (bandEnd - bandStart) * (sampleEnd - sampleStart),
    });
  };
  if (slowPerPiece > 0) {
    for (let start = 0; start < counts[slow]; start += slowPerPiece) {
      add(start, Math.min(counts[slow], start + slowPerPiece), 0, counts[middle]);
    }
    return pieces;
  }
  for (let at = 0; at < counts[slow]; at++) {
    for (let start = 0; start < counts[middle]; start += middlePerPiece) {
      add(at, at + 1, start, Math.min(counts[middle], start + middlePerPiece));
    }
  }
  return pieces;
}
