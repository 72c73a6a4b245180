import { type TidyRule, topFolder } from './source-tree.ts';

const junkDrawers = /^(utils?|helpers?|commons?|shared|misc|managers?|stuff)$/;
const codeFolders = new Set([
  'core',
  'adapters',
  'schemas',
  'functions',
  'batch-jobs',
  'cli',
  'infra',
  'edge-k3s',
  'bench',
  'test',
]);
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|extended\.test|peer|config))?\.(ts|mts|mjs)$/;

export const domainNames: TidyRule = {
  name: 'names folders and files by the domain: kebab-case, no junk drawers',
  check: (files) =>
    files.flatMap(({ path }) => {
      const words = path.split('/').flatMap((segment) => segment.split('.')[0]!.split(/[-_]/));
      const found: string[] = [];
      const junk = words.find((word) => junkDrawers.test(word.toLowerCase()));
      if (junk !== undefined) found.push(`${path}: "${junk}" says nothing of what is inside`);
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (codeFolders.has(topFolder(path)) && /\.(ts|mts|mjs)$/.test(name) && !kebabCase.test(name)) {
        found.push(`${path} is not kebab-case`);
      }
      return found;
    }),
  bad: [
    [{ path: 'core/utils/a.ts', text: '' }],
    [{ path: 'core/string-helpers.ts', text: '' }],
    [{ path: 'adapters/shared/a.ts', text: '' }],
    [{ path: 'core/ParseHeader.ts', text: '' }],
    [{ path: 'core/parse_header.ts', text: '' }],
  ],
  good: [
    [
      { path: 'core/formats/envi/parse-header.ts', text: '' },
      { path: 'test/core/a.extended.test.ts', text: '' },
      { path: 'docs/ARCHITECTURE.md', text: '' },
    ],
  ],
};
