import { encodePng } from '../formats/png/encode-png.ts';
import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';
import type { EdgeTile } from './edge-tile.ts';

/** Wide enough for a phone, small enough for a slow page. */
const sideMax = 512;

/** NDVI and its colours from bare soil to dense canopy; between them they are mixed. */
const colours: readonly (readonly [number, readonly [number, number, number]])[] = [
  [-0.2, [68, 64, 60]],
  [0.1, [166, 124, 82]],
  [0.3, [232, 214, 130]],
  [0.6, [112, 176, 72]],
  [0.9, [12, 84, 36]],
];
const noValue = [255, 255, 255] as const;

/** A picture of NDVI: every k-th line and sample, so that both sides have at most 512 pixels; and the mean of all pixels. */
export class Quicklook {
  readonly #step: number;
  readonly #width: number;
  readonly #height: number;
  readonly #rgb: Uint8Array;
  readonly #position: number;
  #sum = 0;
  #count = 0;

  constructor(cube: { readonly lineCount: number; readonly sampleCount: number }, indices: readonly ResolvedIndex[]) {
    this.#step = Math.ceil(Math.max(cube.lineCount, cube.sampleCount) / sideMax);
    this.#width = Math.ceil(cube.sampleCount / this.#step);
    this.#height = Math.ceil(cube.lineCount / this.#step);
    this.#rgb = new Uint8Array(this.#width * this.#height * 3).fill(noValue[0]);
    this.#position = indices.findIndex(({ name }) => name === 'ndvi');
  }

  add({ indexPlanes, lineStart, lineCount, sampleCount }: EdgeTile): void {
    const plane = indexPlanes[this.#position] ?? null;
    if (plane === null) return;
    for (let pixel = 0; pixel < lineCount * sampleCount; pixel++) {
      if (Number.isNaN(plane[pixel]!)) continue;
      this.#sum += plane[pixel]!;
      this.#count++;
    }
    const step = this.#step;
    for (let line = Math.ceil(lineStart / step) * step; line < lineStart + lineCount; line += step) {
      for (let column = 0; column < this.#width; column++) {
        const value = plane[(line - lineStart) * sampleCount + column * step]!;
        if (!Number.isNaN(value)) this.#rgb.set(colourOf(value), ((line / step) * this.#width + column) * 3);
      }
    }
  }

  /** Mean NDVI; null for a sensor or a cube that gives none. */
  get ndviMean(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }

  /** @returns null without any NDVI. @param title Makes pictures of two cubes two files, also where they look the same. */
  png(title: string): Uint8Array | null {
    if (this.#count === 0) return null;
    return encodePng({ width: this.#width, height: this.#height, rgb: this.#rgb, texts: { Title: title } });
  }
}

function colourOf(value: number): readonly number[] {
  const above = colours.findIndex(([limit]) => value < limit);
  if (above === 0) return colours[0]![1];
  if (above < 0) return colours.at(-1)![1];
  const [[from, low], [to, high]] = [colours[above - 1]!, colours[above]!];
  const share = (value - from) / (to - from);
  return low.map((channel, at) => Math.round(channel + share * (high[at]! - channel)));
}
