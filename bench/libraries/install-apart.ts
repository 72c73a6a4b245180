import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface InstalledPackage {
  readonly spec: string;
  /** All packages that came, the wanted one included. */
  readonly packageCount: number;
  readonly sizeKib: number;
  /** Loads the package from its own folder. */
  load(): Promise<unknown>;
}

/** Installs one package into a folder of its own, without running scripts, so that the project never sees it. */
export function installApart(folder: string, spec: string): InstalledPackage {
  const name = spec.slice(0, spec.lastIndexOf('@'));
  const home = join(folder, name.replace('/', '-'));
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{"private":true}');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  execFileSync('npm', ['install', ...options, spec], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  const files = readdirSync(join(home, 'node_modules'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const sizeBytes = files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
  return {
    spec,
    packageCount: Object.keys(readLock(home)).length,
    sizeKib: Math.round(sizeBytes / 1024),
    load: () => import(createRequire(join(home, 'package.json')).resolve(name)),
  };
}

function readLock(home: string): Record<string, unknown> {
  const lock = createRequire(join(home, 'package.json'))('./node_modules/.package-lock.json') as {
    packages: Record<string, unknown>;
  };
  return lock.packages;
}
