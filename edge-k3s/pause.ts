import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, and no longer when `signal` is aborted. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal }).catch(() => undefined);
}
