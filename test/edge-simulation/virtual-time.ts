import type { Stopwatch } from '#core/ports/stopwatch.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that goes on when everything else has come to rest, from one timer to the next. */
export class VirtualTime implements Stopwatch {
  #nowMs = 0;
  #order = 0;
  /** A heap: the soonest first. */
  readonly #timers: Timer[] = [];

  elapsedMs(): number {
    return this.#nowMs;
  }

  sleepMs(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.after(durationMs, resolve));
  }

  after(durationMs: number, run: () => void): void {
    const timer = { atMs: this.#nowMs + Math.max(0, durationMs), order: this.#order++, run };
    this.#timers.push(timer);
    let at = this.#timers.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isSooner(timer, this.#timers[parent]!)) break;
      this.#timers[at] = this.#timers[parent]!;
      at = parent;
    }
    this.#timers[at] = timer;
  }

  /** Runs timers, and whatever they set going, until this moment. */
  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const soonest = this.#timers[0];
      if (soonest === undefined || soonest.atMs > endMs) break;
      this.#take();
      this.#nowMs = soonest.atMs;
      soonest.run();
    }
    this.#nowMs = endMs;
  }

  #take(): void {
    const last = this.#timers.pop()!;
    if (this.#timers.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#timers.length) break;
      const right = left + 1;
      const child = right < this.#timers.length && isSooner(this.#timers[right]!, this.#timers[left]!) ? right : left;
      if (!isSooner(this.#timers[child]!, last)) break;
      this.#timers[at] = this.#timers[child]!;
      at = child;
    }
    this.#timers[at] = last;
  }
}

function isSooner(left: Timer, right: Timer): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
