import { plotPercentileValueCountMax } from '../limits.ts';

/** Statistics of one index over one plot, gathered tile by tile. */
export interface PlotIndexStatistics {
  readonly validCount: number;
  readonly mean: number | null;
  /** n - 1 in the denominator; null below two values. */
  readonly sd: number | null;
  readonly p10: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
}

/**
 * Running statistics of one plot and index. Mean and deviation are exact however many pixels come (Welford); percentiles
 * are exact up to core/limits `plotPercentileValueCountMax` values, and from every 2nd, 4th, 8th ... value above, so that
 * memory stays bounded.
 *
 * @source Welford 1962, doi:10.1080/00401706.1962.10490022
 */
export class PlotAccumulator {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #kept: Float64Array = new Float64Array(64);
  #keptCount = 0;
  #stride = 1;

  add(value: number): void {
    const delta = value - this.#mean;
    if (this.#count % this.#stride === 0) this.#keep(value);
    this.#count++;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
  }

  statistics(): PlotIndexStatistics {
    if (this.#count === 0) return { validCount: 0, mean: null, sd: null, p10: null, p50: null, p90: null };
    const sorted = this.#kept.slice(0, this.#keptCount).sort();
    return {
      validCount: this.#count,
      mean: this.#mean,
      sd: this.#count > 1 ? Math.sqrt(this.#squares / (this.#count - 1)) : null,
      p10: percentile(sorted, 0.1),
      p50: percentile(sorted, 0.5),
      p90: percentile(sorted, 0.9),
    };
  }

  #keep(value: number): void {
    if (this.#keptCount === plotPercentileValueCountMax) {
      for (let index = 0; index < this.#keptCount / 2; index++) this.#kept[index] = this.#kept[index * 2]!;
      this.#keptCount /= 2;
      this.#stride *= 2;
      if (this.#count % this.#stride !== 0) return;
    }
    if (this.#keptCount === this.#kept.length) {
      const grown = new Float64Array(this.#kept.length * 2);
      grown.set(this.#kept);
      this.#kept = grown;
    }
    this.#kept[this.#keptCount++] = value;
  }
}

/** Linear interpolation between order statistics, as numpy's and DuckDB's quantile_cont do. @param sorted ascending, not empty */
export function percentile(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const lower = Math.floor(position);
  const upper = Math.min(lower + 1, sorted.length - 1);
  return sorted[lower]! + (position - lower) * (sorted[upper]! - sorted[lower]!);
}
