import { invariant } from '../errors.ts';
import { type ErrorFigures, ErrorSums } from './error-sums.ts';

/** Means of one index by plot, once from the pixels and once from what is stored of them. */
export class PlotMeans {
  readonly #exact = new Map<number, { sum: number; count: number }>();
  readonly #stored = new Map<number, { sum: number; count: number }>();

  addPixel(plot: number, value: number): void {
    add(this.#exact, plot, value, 1);
  }

  /** @param count Pixels that the stored mean stands for. */
  addStored(plot: number, mean: number, count: number): void {
    add(this.#stored, plot, mean, count);
  }

  figures(): ErrorFigures {
    const errors = new ErrorSums();
    for (const [plot, { sum, count }] of this.#exact) {
      const stored = this.#stored.get(plot);
      invariant(stored !== undefined, 'Expected rows for every plot that has values', { plot });
      errors.add(stored.sum / stored.count, sum / count);
    }
    return errors.figures();
  }
}

function add(sums: Map<number, { sum: number; count: number }>, plot: number, value: number, count: number): void {
  if (plot < 0 || Number.isNaN(value) || count === 0) return;
  const entry = sums.get(plot) ?? { sum: 0, count: 0 };
  entry.sum += value * count;
  entry.count += count;
  sums.set(plot, entry);
}
