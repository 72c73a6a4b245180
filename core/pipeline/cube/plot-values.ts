import { FormatError } from '../../errors.ts';
import { windowBytesMax } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { TileResult } from './tile-setup.ts';

/** What one tile tells of plots: plot of each pixel in one, and the values of its indices, shape [indices, pixels]. */
export type PlotValues = Pick<TileResult, 'plotOfPixel' | 'indexValues'>;

/**
 * Bytes of one tile's values in a checkpoint: pixel count as uint32, plots as int32, values as float64, in the byte order of
 * the machine, which is the same for every processor that Node runs jobs on. Exact values, so that a resumed job adds
 * them up as the first one would have.
 */
export function encodePlotValues({ plotOfPixel, indexValues }: PlotValues): Uint8Array {
  const parts = [Uint32Array.of(plotOfPixel.length), plotOfPixel, indexValues];
  return Buffer.concat(
    parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  );
}

/** @throws FormatError, TruncatedInputError when the object is not what `encodePlotValues` wrote. Disposition: quarantine. */
export async function* readPlotValues(source: ByteSource, indexCount: number): AsyncGenerator<PlotValues> {
  for (let at = 0; at < source.sizeBytes; ) {
    const [pixelCount] = new Uint32Array(await ownBytes(source, at, 4));
    const plotsBytes = pixelCount! * 4;
    const valuesBytes = pixelCount! * indexCount * 8;
    const end = at + 4 + plotsBytes + valuesBytes;
    if (end > source.sizeBytes || valuesBytes > windowBytesMax) {
      throw new FormatError(`Expected values of ${pixelCount} pixels, got too few bytes (${source.name}, byte ${at}).`);
    }
    yield {
      plotOfPixel: new Int32Array(await ownBytes(source, at + 4, plotsBytes)),
      indexValues: new Float64Array(await ownBytes(source, at + 4 + plotsBytes, valuesBytes)),
    };
    at = end;
  }
}

/** A buffer of these bytes alone, so that numbers of any width may begin at its start. */
async function ownBytes(source: ByteSource, offsetBytes: number, count: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  await source.readInto(offsetBytes, bytes);
  return bytes.buffer;
}
