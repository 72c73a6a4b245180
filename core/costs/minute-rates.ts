/** Requests by minute of virtual time and by what they go to, to find the busiest minute. */
export class MinuteRates {
  readonly #minutes = new Map<string, Map<number, number>>();

  /** Spreads `count` evenly over the seconds, as a transfer does. */
  add(name: string, startSeconds: number, endSeconds: number, count: number): void {
    let minutes = this.#minutes.get(name);
    if (minutes === undefined) {
      minutes = new Map();
      this.#minutes.set(name, minutes);
    }
    const duration = endSeconds - startSeconds;
    for (let minute = Math.floor(startSeconds / 60); minute * 60 <= endSeconds; minute++) {
      const start = Math.max(startSeconds, minute * 60);
      const end = Math.min(endSeconds, (minute + 1) * 60);
      const share = duration === 0 ? 1 : (end - start) / duration;
      if (share > 0) minutes.set(minute, (minutes.get(minute) ?? 0) + count * share);
    }
  }

  /** Largest count of one minute, per second; of all names that begin so, the one with the most. */
  peakPerSecond(prefix: string): number {
    let peak = 0;
    for (const [name, minutes] of this.#minutes) {
      if (!name.startsWith(prefix)) continue;
      for (const count of minutes.values()) peak = Math.max(peak, count / 60);
    }
    return peak;
  }
}
