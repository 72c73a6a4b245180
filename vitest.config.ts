import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/**
 * `unit` is what `npm test` runs: no network, no peer, no shared data needed.
 * `extended` is what `.ci/run` adds: real data, long property runs, and every check that needs another program.
 */
export default defineConfig({
  test: {
    // By default one core is left to vitest itself, which does next to nothing: half of a machine that has two.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.extended.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: { name: 'extended', include: ['test/**/*.extended.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
      },
    ],
  },
});
