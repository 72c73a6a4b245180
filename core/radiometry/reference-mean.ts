import { type CubeReader, strides } from '../cube/cube.ts';
import { CalibrationError } from '../errors.ts';
import { tileBytesMax } from '../limits.ts';

/** A dark or white reference, averaged over its lines; every column and band keeps its own value. */
export interface ReferenceMean {
  readonly bandCount: number;
  readonly sampleCount: number;
  readonly lineCount: number;
  /** Stored units, shape [bands, samples]. */
  readonly mean: Float64Array;
  /** Standard deviation of one line (n - 1), shape [bands, samples]; 0 for a reference of one line. */
  readonly standardDeviation: Float64Array;
  /** Share of lines at or above the saturation level, shape [bands, samples]. */
  readonly saturatedShare: Float64Array;
}

/**
 * Averages a reference cube over its lines, in windows of bounded size. Lines only: the mean of each column and band also
 * takes out vignetting and fixed pattern.
 *
 * @param saturationLevel Stored value from which on a pixel is saturated; null when unknown.
 * @throws CalibrationError when the reference holds its fill value or values that are not numbers. Disposition: quarantine.
 */
export async function averageReference(
  reader: CubeReader,
  saturationLevel: number | null,
  where: string,
): Promise<ReferenceMean> {
  const { lineCount, bandCount, sampleCount, fillValue } = reader.header;
  const count = bandCount * sampleCount;
  const sums = { sum: new Float64Array(count), squares: new Float64Array(count), saturated: new Float64Array(count) };
  // Deviations from the first line keep the sum of squares small, so that it loses no digits.
  let pivot: Float64Array | null = null;
  const windowLineCount = Math.max(1, Math.min(lineCount, Math.floor(tileBytesMax / (count * 8))));
  for (let lineStart = 0; lineStart < lineCount; lineStart += windowLineCount) {
    const window = await reader.readLines({ lineStart, lineEnd: Math.min(lineCount, lineStart + windowLineCount) });
    const step = strides(window);
    pivot ??= firstLine(window.data, step, bandCount, sampleCount);
    for (let line = 0; line < window.lineCount; line++) {
      for (let band = 0; band < bandCount; band++) {
        let at = line * step.line + band * step.band;
        for (let sample = 0; sample < sampleCount; sample++, at += step.sample) {
          const index = band * sampleCount + sample;
          const value = window.data[at]!;
          if (value === fillValue) throw holdsFill(fillValue, where);
          const deviation = value - pivot[index]!;
          sums.sum[index]! += deviation;
          sums.squares[index]! += deviation * deviation;
          if (saturationLevel !== null && value >= saturationLevel) sums.saturated[index]!++;
        }
      }
    }
  }
  return summarize(sums, pivot, { lineCount, bandCount, sampleCount }, where);
}

function holdsFill(fillValue: number, where: string): CalibrationError {
  return new CalibrationError(
    `Expected a reference without gaps, got its fill value ${fillValue} among the counts (${where}). Cut the reference to its valid lines and samples.`,
    { where },
  );
}

function firstLine(
  data: ArrayLike<number>,
  step: { band: number; sample: number },
  bandCount: number,
  sampleCount: number,
): Float64Array {
  return Float64Array.from({ length: bandCount * sampleCount }, (_, index) => {
    return data[Math.floor(index / sampleCount) * step.band + (index % sampleCount) * step.sample]!;
  });
}

function summarize(
  sums: { sum: Float64Array; squares: Float64Array; saturated: Float64Array },
  pivot: Float64Array | null,
  shape: { lineCount: number; bandCount: number; sampleCount: number },
  where: string,
): ReferenceMean {
  const { lineCount } = shape;
  if (pivot === null || sums.sum.some((value) => !Number.isFinite(value))) {
    throw new CalibrationError(`Expected a reference of finite numbers, got an empty one or NaN (${where}).`, {
      where,
    });
  }
  const mean = pivot.map((first, index) => first + sums.sum[index]! / lineCount);
  const standardDeviation = sums.squares.map((square, index) => {
    const sum = sums.sum[index]!;
    return lineCount < 2 ? 0 : Math.sqrt(Math.max(0, square - (sum * sum) / lineCount) / (lineCount - 1));
  });
  return { ...shape, mean, standardDeviation, saturatedShare: sums.saturated.map((value) => value / lineCount) };
}
