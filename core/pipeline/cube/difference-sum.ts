import type { Difference } from '#schemas/replacement.ts';

/** Sums of one difference while its values come by. */
export class DifferenceSum {
  readonly #name: string;
  #count = 0;
  #onlyOldCount = 0;
  #onlyNewCount = 0;
  #sum = 0;
  #squareSum = 0;
  #max = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** NaN: the version has no value. */
  add(before: number, after: number): void {
    const [hasBefore, hasAfter] = [!Number.isNaN(before), !Number.isNaN(after)];
    if (hasBefore && hasAfter) {
      const distance = Math.abs(after - before);
      this.#count++;
      this.#sum += distance;
      this.#squareSum += distance ** 2;
      if (distance > this.#max) this.#max = distance;
    } else if (hasBefore) this.#onlyOldCount++;
    else if (hasAfter) this.#onlyNewCount++;
  }

  result(): Difference {
    const hasBoth = this.#count > 0;
    return {
      name: this.#name,
      count: this.#count,
      only_old_count: this.#onlyOldCount,
      only_new_count: this.#onlyNewCount,
      mean_absolute: hasBoth ? this.#sum / this.#count : null,
      root_mean_square: hasBoth ? Math.sqrt(this.#squareSum / this.#count) : null,
      max_absolute: hasBoth ? this.#max : null,
    };
  }
}
