import { FormatError, invariant } from '../errors.ts';
import { windowBytesMax } from '../limits.ts';
import type { CubeHeader, LineRange, SampleArray, SampleType } from './cube.ts';
import { sampleBytes, samplesOver } from './sample-array.ts';

/** A checked range of lines and the bands that it asks for. */
export interface LineWindow {
  readonly lineStart: number;
  readonly lineCount: number;
  readonly bandCount: number;
  /** Consecutive bands as half-open ranges, ascending. */
  readonly bandRuns: readonly (readonly [number, number])[];
  /** True when every band is asked for. */
  readonly isWhole: boolean;
}

/**
 * @throws InvariantError for lines or bands outside the cube, or bands that do not ascend. Disposition: bug.
 */
export function lineWindow(
  { lineStart, lineEnd, bands }: LineRange,
  header: Pick<CubeHeader, 'lineCount' | 'bandCount'>,
): LineWindow {
  const isInside = lineStart >= 0 && lineStart < lineEnd && lineEnd <= header.lineCount;
  invariant(isInside, `Expected lines in [0, ${header.lineCount}), got [${lineStart}, ${lineEnd})`);
  const bandRuns = bands === undefined ? [[0, header.bandCount] as const] : runsOf(bands, header.bandCount);
  const bandCount = bands?.length ?? header.bandCount;
  const lineCount = lineEnd - lineStart;
  return { lineStart, lineCount, bandCount, bandRuns, isWhole: bandCount === header.bandCount };
}

function runsOf(bands: readonly number[], bandCount: number): (readonly [number, number])[] {
  const runs: [number, number][] = [];
  let previous = -1;
  for (const band of bands) {
    const ascends = Number.isInteger(band) && band > previous && band < bandCount;
    invariant(ascends, `Expected ascending bands in [0, ${bandCount}), got ${band} after ${previous}`);
    const run = runs.at(-1);
    if (run !== undefined && run[1] === band) run[1] = band + 1;
    else runs.push([band, band + 1]);
    previous = band;
  }
  invariant(runs.length > 0, 'Expected at least one band');
  return runs;
}

/**
 * Makes the function that gives a reader its window buffer: the same memory for every window, grown when a larger one is
 * asked for, or the target that the caller offers where it is large enough. Contents are whatever the last window left.
 */
export function windowBuffer(
  type: SampleType,
  where: string,
): (length: number, target?: Uint8Array<ArrayBuffer>) => SampleArray {
  let buffer = new ArrayBuffer(0);
  return (length, target) => {
    const neededBytes = length * sampleBytes[type];
    if (neededBytes > windowBytesMax) {
      throw new FormatError(
        `Expected a window of at most ${windowBytesMax} bytes, got ${neededBytes} (${where}). Read fewer lines or bands at a time.`,
        { where, neededBytes },
      );
    }
    if (target !== undefined && target.byteLength >= neededBytes) {
      return samplesOver(type, target.buffer, target.byteOffset, length);
    }
    if (buffer.byteLength < neededBytes) buffer = new ArrayBuffer(neededBytes);
    return samplesOver(type, buffer, 0, length);
  };
}
