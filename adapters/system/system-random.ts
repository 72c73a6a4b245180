import type { Random } from '#core/ports/random.ts';

/** For jitter. */
export const systemRandom: Random = { next: () => Math.random() };
