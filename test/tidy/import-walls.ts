import { importedPath, importsOf, packageName } from './imports.ts';
import { isCode, type SourceFile, type TidyRule, topFolder } from './source-tree.ts';

interface Wall {
  /** Top folders that may be imported, besides the importer's own. */
  readonly folders: readonly string[];
  /** Packages that may be imported; `any` is every dependency and every module of Node. */
  readonly packages: readonly string[] | 'any';
}

const purePackages = ['proj4', 'zod', 'hyparquet', 'node:crypto', 'node:zlib', 'node:buffer'];
const entryFolders = ['core', 'schemas', 'adapters', 'functions', 'batch-jobs'];

const walls: Readonly<Record<string, Wall>> = {
  schemas: { folders: [], packages: ['zod'] },
  core: { folders: ['schemas'], packages: purePackages },
  adapters: { folders: ['core', 'schemas'], packages: 'any' },
  functions: { folders: entryFolders, packages: 'any' },
  'batch-jobs': { folders: entryFolders, packages: 'any' },
  'edge-k3s': { folders: entryFolders, packages: 'any' },
  cli: { folders: [...entryFolders, 'edge-k3s'], packages: 'any' },
  infra: { folders: ['schemas'], packages: 'any' },
};

export const importWalls: TidyRule = {
  name: 'keeps the walls between schemas, core, adapters and entry points',
  check: (files) => files.filter(isCode).flatMap(wallBreaches),
  bad: [
    [{ path: 'schemas/a.ts', text: "import { x } from '#core/errors.ts';" }],
    [{ path: 'schemas/a.ts', text: "import { readFileSync } from 'node:fs';" }],
    [{ path: 'core/a.ts', text: "import {\n  x,\n} from '#adapters/file/x.ts';" }],
    [{ path: 'core/a/b.ts', text: "export { x } from '../../adapters/file/x.ts';" }],
    [{ path: 'core/a.ts', text: "const fs = await import('node:fs');" }],
    [{ path: 'core/a.ts', text: "import 'left-pad';" }],
    [{ path: 'adapters/file/a.ts', text: "import type { X } from '../memory/x.ts';" }],
    [{ path: 'adapters/file/a.ts', text: "import { X } from '#adapters/memory/x.ts';" }],
    [{ path: 'adapters/file/a.ts', text: "import { X } from '../../cli/x.ts';" }],
    [{ path: 'cli/a.ts', text: "import { X } from '../test/x.ts';" }],
    [{ path: 'infra/a.ts', text: "import { X } from '#core/limits.ts';" }],
  ],
  good: [
    [
      { path: 'schemas/a.ts', text: "import { z } from 'zod';\nimport { b } from './b.ts';" },
      {
        path: 'core/a/b.ts',
        text: "import { c } from '../c.ts';\nimport { s } from '#schemas/s.ts';\nimport p from 'proj4';",
      },
      {
        path: 'adapters/file/a.ts',
        text: "import { b } from './b.ts';\nimport { c } from '#core/c.ts';\nimport 'node:fs';",
      },
      { path: 'core/a.ts', text: "// import { x } from '#adapters/file/x.ts'" },
    ],
  ],
};

function wallBreaches(file: SourceFile): string[] {
  const top = topFolder(file.path);
  const wall = walls[top];
  if (wall === undefined) return [];
  const breaches: string[] = [];
  for (const specifier of importsOf(file)) {
    const path = importedPath(file.path, specifier);
    if (path === null) {
      const name = specifier.startsWith('node:') ? specifier : packageName(specifier);
      if (wall.packages !== 'any' && !wall.packages.includes(name)) breaches.push(`${file.path} imports ${specifier}`);
    } else if (topFolder(path) === top) {
      if (top === 'adapters' && path.split('/')[1] !== file.path.split('/')[1]) {
        breaches.push(`${file.path} imports another adapter: ${specifier}`);
      }
    } else if (!wall.folders.includes(topFolder(path))) {
      breaches.push(`${file.path} imports ${specifier}`);
    }
  }
  return breaches;
}
