import { expect, it } from 'vitest';
import * as limits from '#core/limits.ts';

it('keeps the relations between bounds', () => {
  expect(limits.manifestGranuleCountMin).toBeLessThanOrEqual(limits.manifestGranuleCountMax);
  // A manifest is one array job.
  expect(limits.manifestGranuleCountMin).toBeGreaterThanOrEqual(limits.batchArraySizeMin);
  expect(limits.manifestGranuleCountMax).toBeLessThanOrEqual(limits.batchArraySizeMax);
  // Two workers hold stored values (up to 8 bytes), packed values, quality and encoded bytes of one tile each.
  expect(2 * limits.tileBytesMax * 8).toBeLessThan(limits.jobResidentBytesMax);
  // Products of declared dimensions stay exact.
  expect(Number.isSafeInteger(limits.lineCountMax * limits.sampleCountMax * limits.bandCountMax)).toBe(true);
  // One line of the widest cube is one chunk at least.
  expect(limits.sampleCountMax * 2).toBeLessThan(limits.decodedChunkBytesMax);
  expect(limits.plotPercentileValueCountMax % 2).toBe(0);
});
