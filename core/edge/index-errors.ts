import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';
import type { IndexMeans } from './cell-means.ts';
import type { CellRows } from './cell-rows.ts';
import type { IndexErrors } from './edge-mode.ts';
import { ErrorSums } from './error-sums.ts';
import { PlotMeans } from './plot-means.ts';

/** Stored reflectance of a band, by row; NaN for none. */
export type StoredReflectance = (band: number, row: number) => number;

/** What one index loses on the way into rows. */
export class IndexErrorSums {
  readonly #index: ResolvedIndex;
  readonly #stored = new ErrorSums();
  readonly #spectrum = new ErrorSums();
  readonly #plots = new PlotMeans();

  constructor(index: ResolvedIndex) {
    this.#index = index;
  }

  /**
   * @param plane Values of the index at full resolution, shape [pixels].
   * @param exact Their means, row by row.
   * @param storedMean What is stored as the mean, by row; null where the mode stores no index and it comes from the spectrum.
   * @param reflectance null where the mode stores no spectrum.
   */
  add(
    plane: Float64Array,
    rows: CellRows,
    exact: IndexMeans,
    storedMean: ((row: number) => number) | null,
    reflectance: StoredReflectance | null,
  ): void {
    const { formula } = indexDefinitions.find(({ name }) => name === this.#index.name)!;
    const [a, b, c] = [...this.#index.bands!, this.#index.bands!.at(-1)!];
    for (let row = 0; row < rows.rowCount; row++) {
      if (exact.validCount[row] === 0) continue;
      const fromSpectrum =
        reflectance === null ? Number.NaN : formula(reflectance(a!, row), reflectance(b!, row), reflectance(c!, row));
      const stored = storedMean === null ? fromSpectrum : storedMean(row);
      this.#spectrum.add(fromSpectrum, exact.mean[row]!);
      this.#stored.add(stored, exact.mean[row]!);
      this.#plots.addStored(rows.plot[row]!, stored, exact.validCount[row]!);
    }
    const { rowOfPixel, plot } = rows;
    for (let pixel = 0; pixel < rowOfPixel.length; pixel++) {
      const row = rowOfPixel[pixel]!;
      if (row >= 0) this.#plots.addPixel(plot[row]!, plane[pixel]!);
    }
  }

  figures(): IndexErrors {
    return {
      index: this.#index.name,
      stored: this.#stored.figures(),
      spectrum: this.#spectrum.figures(),
      plots: this.#plots.figures(),
    };
  }
}
