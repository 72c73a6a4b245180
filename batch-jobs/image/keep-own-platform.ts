import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes from a folder of packages what no job of this processor loads: the Node that npm brings, engines for SQL, and
 * builds of Dawn for other machines. `node keep-own-platform.ts FOLDER [x64|arm64]`.
 */
const [folder = 'node_modules', architecture = process.arch] = process.argv.slice(2);
const unused = [
  /^node-linux-/,
  /^@duckdb\/node-bindings-/,
  new RegExp(`^webgpu/dist/(?!linux-${architecture}$)[a-z0-9]+-`),
];

for (const parent of ['', '@duckdb', 'webgpu/dist']) {
  for (const name of namesIn(join(folder, parent))) {
    const path = join(parent, name);
    if (unused.some((pattern) => pattern.test(path))) rmSync(join(folder, path), { recursive: true });
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
