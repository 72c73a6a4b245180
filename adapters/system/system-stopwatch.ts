import { setTimeout } from 'node:timers/promises';
import type { Stopwatch } from '#core/ports/stopwatch.ts';

/** The machine's monotonic clock. */
export const systemStopwatch: Stopwatch = {
  elapsedMs: () => performance.now(),
  sleepMs: (durationMs) => setTimeout(durationMs),
};
