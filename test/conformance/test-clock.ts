import type { Clock } from '#core/ports/clock.ts';

/** A clock that stands still until it is told. Sleeping moves it. */
export interface TestClock extends Clock {
  advance(durationMs: number): void;
}

export function testClock(startMs = Date.UTC(2026, 5, 1)): TestClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    sleepMs: async (durationMs) => {
      nowMs += durationMs;
    },
    advance: (durationMs) => {
      nowMs += durationMs;
    },
  };
}
