import { type CubeReader, type CubeWindow, strides } from '#core/cube/cube.ts';

/** Numbers of a window in the order [lines, samples, bands], whatever its interleave. */
export function asPixels(window: CubeWindow): number[] {
  const step = strides(window);
  const pixels: number[] = [];
  for (let line = 0; line < window.lineCount; line++) {
    for (let sample = 0; sample < window.sampleCount; sample++) {
      for (let band = 0; band < window.bandCount; band++) {
        pixels.push(Number(window.data[line * step.line + sample * step.sample + band * step.band]));
      }
    }
  }
  return pixels;
}

/** What a window must hold, cut from the values of the whole cube in the order [lines, samples, bands]. */
export function expectedPixels(
  { header }: CubeReader,
  values: readonly number[],
  lines: readonly [number, number],
  bands: readonly number[],
): number[] {
  const pixels: number[] = [];
  for (let pixel = lines[0] * header.sampleCount; pixel < lines[1] * header.sampleCount; pixel++) {
    for (const band of bands) pixels.push(values[pixel * header.bandCount + band]!);
  }
  return pixels;
}

/** Windows and band choices that cover the ways in which readers cut: all, runs, single bands, both ends. */
export function windowsOf({ header }: CubeReader): { lines: [number, number]; bands: number[] }[] {
  const all = Array.from({ length: header.bandCount }, (_, band) => band);
  const choices = [all, [0], [header.bandCount - 1], all.filter((band) => band % 3 !== 1)];
  const ranges: [number, number][] = [
    [0, header.lineCount],
    [1, Math.min(3, header.lineCount)],
    [header.lineCount - 1, header.lineCount],
  ];
  return ranges.flatMap((lines) => choices.map((bands) => ({ lines, bands })));
}
