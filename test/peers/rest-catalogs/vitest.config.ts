import { defineConfig } from 'vitest/config';

/** Suites that need the catalogs which check.sh starts. */
export default defineConfig({ test: { include: ['test/peers/rest-catalogs/conformance.ts'], testTimeout: 60_000 } });
