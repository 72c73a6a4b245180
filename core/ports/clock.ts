export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  sleepMs(durationMs: number): Promise<void>;
}
