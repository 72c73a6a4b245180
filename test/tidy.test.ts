import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environmentAccess, pureCore } from './tidy/ambient-access.ts';
import { documentLinks } from './tidy/document-links.ts';
import { importWalls } from './tidy/import-walls.ts';
import { noLeftMarkers, noSkippedTests } from './tidy/left-markers.ts';
import { domainNames } from './tidy/names.ts';
import { noPrivateFacts } from './tidy/private-facts.ts';
import { reachableFiles } from './tidy/reachable-files.ts';
import { readSourceTree, type TidyRule } from './tidy/source-tree.ts';

const root = join(import.meta.dirname, '..');
const tree = readSourceTree(root);

const rules: readonly TidyRule[] = [
  importWalls,
  environmentAccess,
  pureCore,
  domainNames,
  noLeftMarkers,
  noSkippedTests,
  noPrivateFacts,
  documentLinks((path) => existsSync(join(root, path))),
  reachableFiles,
];

describe('the repository', () => {
  it.each(rules.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
    expect(rule.check(tree)).toEqual([]);
  });

  it('is what the rules look at: source, tests and documents are all found', () => {
    const paths = tree.map((file) => file.path);
    expect(paths).toEqual(expect.arrayContaining(['core/errors.ts', 'test/tidy.test.ts', 'docs/GLOSSARY.md']));
  });
});

describe.each(rules.map((rule) => [rule.name, rule] as const))('the rule "%s"', (_, rule) => {
  it.each(rule.bad.map((files, index) => [index, files] as const))('catches its bad example %i', (__, files) => {
    expect(rule.check(files)).not.toEqual([]);
  });

  it.each(rule.good.map((files, index) => [index, files] as const))('passes its good example %i', (__, files) => {
    expect(rule.check(files)).toEqual([]);
  });
});
