import type { CubeWindow } from '#core/cube/cube.ts';
import type { CalibratedTile } from '#core/ports/calibration-kernel.ts';
import type { TilePiece } from './tile-pieces.ts';

/**
 * Puts a piece's results into the planes of its tile.
 *
 * @param results Packed values and quality of shape [bands, lines, samples] of the piece, each filled up to four values; then
 *   one byte of quality per pixel, filled up to four; then one word of quality per band.
 * @param out Of quality only what is not 0 is written.
 */
export function copyPieceOut(
  piece: TilePiece,
  window: Omit<CubeWindow, 'data'>,
  results: ArrayBuffer,
  out: CalibratedTile,
): void {
  const [lineCount, sampleCount] = [piece.lineEnd - piece.lineStart, piece.sampleEnd - piece.sampleStart];
  const bandCount = piece.bandEnd - piece.bandStart;
  const filledCount = Math.ceil(piece.valueCount / 4) * 4;
  const filledPixelCount = Math.ceil((lineCount * sampleCount) / 4) * 4;
  const packed = new Int16Array(results, 0, piece.valueCount);
  const quality = new Uint8Array(results, filledCount * 2, piece.valueCount);
  const pixels = new Uint8Array(results, filledCount * 3, lineCount * sampleCount);
  const bandWords = new Uint32Array(results, filledCount * 3 + filledPixelCount, bandCount);
  // Whole lines of a band lie in one run on both sides.
  const isWhole = sampleCount === window.sampleCount;
  const [runCount, runLength] = isWhole ? [1, lineCount * sampleCount] : [lineCount, sampleCount];
  const firstPixel = piece.lineStart * window.sampleCount + piece.sampleStart;
  for (let band = 0; band < bandCount; band++) {
    const bits = bandWords[band]! & 0xff;
    out.bandQuality[piece.bandStart + band]! |= bits;
    for (let run = 0; run < runCount; run++) {
      const from = (band * lineCount + run) * sampleCount;
      const pixel = firstPixel + run * window.sampleCount;
      const to = (piece.bandStart + band) * window.lineCount * window.sampleCount + pixel;
      out.packed.set(packed.subarray(from, from + runLength), to);
      if (bits !== 0) out.quality.set(quality.subarray(from, from + runLength), to);
    }
  }
  for (let run = 0; run < runCount; run++) {
    addBits(pixels, run * sampleCount, runLength, out.pixelQuality, firstPixel + run * window.sampleCount);
  }
}

function addBits(from: Uint8Array, start: number, count: number, to: Uint8Array, toStart: number): void {
  for (let at = 0; at < count; at++) to[toStart + at]! |= from[start + at]!;
}
