import { defineConfig } from 'vitest/config';

/** Conformance suites against servers that a check.sh has started and names in the environment. */
export default defineConfig({
  test: { include: ['test/peers/**/*-suite.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
});
