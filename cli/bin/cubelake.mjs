#!/usr/bin/env node
// Starts the CLI on Node 24 or newer: the running one, or the one that the package's own dependencies bring.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const bundled = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const isRecent = Number(process.versions.node.split('.')[0]) >= 24;

if (isRecent) {
  await import(main);
} else if (existsSync(bundled)) {
  const { status, signal } = spawnSync(bundled, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (signal !== null) process.kill(process.pid, signal);
  process.exitCode = status ?? 1;
} else {
  process.stderr.write(
    `cubelake: expected Node 24 or newer, got ${process.versions.node}. Install Node 24, or run "npm ci" on Linux.\n`,
  );
  process.exitCode = 78;
}
