/** Time that only goes on: wall clocks of field machines jump to 1970 and back. */
export interface Stopwatch {
  /** Milliseconds since some moment before now. */
  elapsedMs(): number;
  sleepMs(durationMs: number): Promise<void>;
}
