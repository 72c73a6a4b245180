import { importedPath, importsOf } from './imports.ts';
import { isCode, type SourceFile, type TidyRule, topFolder } from './source-tree.ts';

const productFolders = new Set(['core', 'adapters', 'schemas', 'functions', 'batch-jobs', 'cli', 'edge-k3s', 'infra']);

const entryPatterns: readonly RegExp[] = [
  // The Containerfile runs these.
  /^batch-jobs\/image\//,
  /^cli\/(main\.ts|bin\/[^/]+)$/,
  /^functions\/([^/]+\/(handler|main)|bundle)\.ts$/,
  /^(batch-jobs|edge-k3s)\/([^/]+\/)?main\.ts$/,
  /^infra\/(main|bin\/[^/]+)\.ts$/,
  // The reference implementation of the ports, which the conformance suites and fault tests run on.
  /^adapters\/memory\/[^/]+\.ts$/,
];

export const reachableFiles: TidyRule = {
  name: 'keeps no file that no entry point reaches',
  check: (files) => {
    const code = new Map(files.filter(isCode).map((file) => [file.path, file]));
    const product = [...code.values()].filter((file) => productFolders.has(topFolder(file.path)));
    const reached = reachedFrom(
      product.filter((file) => isEntry(file.path)),
      code,
    );
    return product.filter((file) => !reached.has(file.path)).map(({ path }) => `${path} is imported by no entry point`);
  },
  bad: [
    [
      { path: 'cli/main.ts', text: "import { a } from '#core/a.ts';" },
      { path: 'core/a.ts', text: '' },
      { path: 'core/b.ts', text: "import { a } from './a.ts';" },
    ],
    [
      { path: 'core/a.ts', text: '' },
      { path: 'test/core/a.test.ts', text: "import { a } from '#core/a.ts';" },
    ],
  ],
  good: [
    [
      { path: 'batch-jobs/process/main.ts', text: "new Worker(new URL('./tile-worker.ts', import.meta.url));" },
      { path: 'batch-jobs/process/tile-worker.ts', text: "import { a } from '#core/a.ts';" },
      { path: 'core/a.ts', text: "export { b } from './b.ts';" },
      { path: 'core/b.ts', text: "const c = await import('./c.ts');" },
      { path: 'core/c.ts', text: "import {\n  type D,\n} from './d.ts';" },
      { path: 'core/d.ts', text: '' },
    ],
  ],
};

function isEntry(path: string): boolean {
  return entryPatterns.some((pattern) => pattern.test(path));
}

function reachedFrom(entries: readonly SourceFile[], code: ReadonlyMap<string, SourceFile>): Set<string> {
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file.path)) continue;
    reached.add(file.path);
    for (const specifier of importsOf(file)) {
      const path = importedPath(file.path, specifier);
      const next = path === null ? undefined : code.get(path);
      if (next !== undefined) waiting.push(next);
    }
  }
  return reached;
}
