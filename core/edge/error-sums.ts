/** How far stored values are from exact ones. */
export interface ErrorFigures {
  readonly count: number;
  /** null without values. */
  readonly rmse: number | null;
  readonly max: number | null;
}

/** Sums of differences while they come by. */
export class ErrorSums {
  #count = 0;
  #squares = 0;
  #max = 0;

  /** A NaN on either side does not count. */
  add(stored: number, exact: number): void {
    const difference = Math.abs(stored - exact);
    if (Number.isNaN(difference)) return;
    this.#count++;
    this.#squares += difference * difference;
    if (difference > this.#max) this.#max = difference;
  }

  figures(): ErrorFigures {
    if (this.#count === 0) return { count: 0, rmse: null, max: null };
    return { count: this.#count, rmse: Math.sqrt(this.#squares / this.#count), max: this.#max };
  }
}
