import { type CubeReader, type SampleArray, strides } from '../cube/cube.ts';
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
  const sums: Sums = {
    sum: new Float64Array(count),
    squares: new Float64Array(count),
    saturated: new Float64Array(count),
  };
  // Deviations from the first line keep the sum of squares small, so that it loses no digits.
  let pivot: Float64Array | null = null;
  const windowLineCount = Math.max(1, Math.min(lineCount, Math.floor(tileBytesMax / (count * 8))));
  for (let lineStart = 0; lineStart < lineCount; lineStart += windowLineCount) {
    const window = await reader.readLines({ lineStart, lineEnd: Math.min(lineCount, lineStart + windowLineCount) });
    const step = strides(window);
    pivot ??= firstLine(window.data, step, bandCount, sampleCount);
    for (let line = 0; line < window.lineCount; line++) {
      for (let band = 0; band < bandCount; band++) {
        const from = line * step.line + band * step.band;
        const columns = band * sampleCount;
        const isFree = addRow(
          window.data,
          from,
          step.sample,
          sampleCount,
          fillValue ?? Number.NaN,
          pivot,
          sums,
          columns,
        );
        if (!isFree) throw holdsFill(fillValue!, where);
        if (saturationLevel !== null) {
          countSaturated(window.data, from, step.sample, sampleCount, saturationLevel, sums.saturated, columns);
        }
      }
    }
  }
  return summarize(sums, pivot, { lineCount, bandCount, sampleCount }, where);
}

interface Sums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  readonly saturated: Float64Array;
}

/** @returns false where a value is the fill value; the sums are then of no use */
function addRow(
  data: SampleArray,
  from: number,
  sampleStride: number,
  sampleCount: number,
  fillValue: number,
  pivot: Float64Array,
  { sum, squares }: Sums,
  columns: number,
): boolean {
  for (let index = columns; index < columns + sampleCount; index++, from += sampleStride) {
    const value = data[from]!;
    if (value === fillValue) return false;
    const deviation = value - pivot[index]!;
    sum[index]! += deviation;
    squares[index]! += deviation * deviation;
  }
  return true;
}

function countSaturated(
  data: SampleArray,
  from: number,
  sampleStride: number,
  sampleCount: number,
  saturationLevel: number,
  saturated: Float64Array,
  columns: number,
): void {
  for (let index = columns; index < columns + sampleCount; index++, from += sampleStride) {
    if (data[from]! >= saturationLevel) saturated[index]!++;
  }
}

function holdsFill(fillValue: number, where: string): CalibrationError {
  return new CalibrationError(
    `Expected a reference without gaps, got its fill value ${fillValue} among the counts (${where}). Cut the reference to its valid lines and samples.`,
    { where },
  );
}

function firstLine(
  data: SampleArray,
  step: { readonly band: number; readonly sample: number },
  bandCount: number,
  sampleCount: number,
): Float64Array {
  const out = new Float64Array(bandCount * sampleCount);
  for (let band = 0; band < bandCount; band++) {
    for (let sample = 0; sample < sampleCount; sample++) {
      out[band * sampleCount + sample] = data[band * step.band + sample * step.sample]!;
    }
  }
  return out;
}

function summarize(
  sums: Sums,
  pivot: Float64Array | null,
  shape: { lineCount: number; bandCount: number; sampleCount: number },
  where: string,
): ReferenceMean {
  const { lineCount } = shape;
  if (pivot === null) throw notFinite(where);
  const count = pivot.length;
  const mean = new Float64Array(count);
  const standardDeviation = new Float64Array(count);
  const saturatedShare = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const sum = sums.sum[index]!;
    if (!Number.isFinite(sum)) throw notFinite(where);
    const variance = Math.max(0, sums.squares[index]! - (sum * sum) / lineCount) / (lineCount - 1);
    mean[index] = pivot[index]! + sum / lineCount;
    standardDeviation[index] = lineCount < 2 ? 0 : Math.sqrt(variance);
    saturatedShare[index] = sums.saturated[index]! / lineCount;
  }
  return { ...shape, mean, standardDeviation, saturatedShare };
}

function notFinite(where: string): CalibrationError {
  return new CalibrationError(`Expected a reference of finite numbers, got an empty one or NaN (${where}).`, { where });
}
