import { defineConfig } from 'vitest/config';

/**
 * `unit` is what `npm test` runs: no network, no peer, no shared data needed.
 * `extended` is what `.ci/run` adds: real data, long property runs, and every check that needs another program.
 */
export default defineConfig({
  test: {
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
