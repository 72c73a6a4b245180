import { packedScale, unusableBits } from '../radiometry/quality.ts';
import type { EdgeTile } from './edge-tile.ts';

/** Evenly spaced spectra of some tiles, for the components of a whole cube. */
export class SpectrumSample {
  readonly #bands: readonly number[];
  readonly #countMax: number;
  readonly #spectra: Float32Array;
  #count = 0;

  constructor(bands: readonly number[], countMax: number) {
    this.#bands = bands;
    this.#countMax = countMax;
    this.#spectra = new Float32Array(bands.length * countMax);
  }

  /** @param wantedCount Spectra to take of this tile at most. */
  add(tile: EdgeTile, wantedCount: number): void {
    const pixelCount = tile.lineCount * tile.sampleCount;
    const step = Math.max(1, Math.floor(pixelCount / wantedCount));
    for (let pixel = step >> 1; pixel < pixelCount && this.#count < this.#countMax; pixel += step) {
      if (this.#bands.some((band) => (tile.quality[band * pixelCount + pixel]! & unusableBits) !== 0)) continue;
      const start = this.#count * this.#bands.length;
      this.#bands.forEach((band, at) => {
        this.#spectra[start + at] = tile.packed[band * pixelCount + pixel]! * packedScale;
      });
      this.#count++;
    }
  }

  /** Shape [spectra, bands]. */
  get spectra(): Float32Array {
    return this.#spectra.subarray(0, this.#count * this.#bands.length);
  }
}
