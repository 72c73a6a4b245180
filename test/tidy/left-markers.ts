import { codeOnly, isCode, type SourceFile, type TidyRule } from './source-tree.ts';

/** In two halves, so that this file does not find itself. */
const word = (start: string, end: string) => start + end;
const markers = [word('TO', 'DO'), word('FIX', 'ME'), word('X', 'XX'), word('HA', 'CK')];
const markerPattern = new RegExp(`\\b(${markers.join('|')})\\b`);

export const noLeftMarkers: TidyRule = {
  name: 'leaves no marker of unfinished work',
  check: (files) =>
    files.flatMap(({ path, text }) => {
      const found = markerPattern.exec(text);
      return found === null || !/\.(ts|mts|mjs|py|sh|ya?ml|md)$/.test(path) ? [] : [`${path} says ${found[0]}`];
    }),
  bad: markers.map((marker) => [{ path: 'core/a.ts', text: `// ${marker} later` }]),
  good: [[{ path: 'core/a.ts', text: 'const todoCount = 1; // the fixme column' }]],
};

const focusPattern =
  /\b(it|test|describe|suite|bench)(\s*\.\s*\w+)*\s*\.\s*(only|skip|todo|fails)\b|\bexpect\(\s*true\s*\)/;

export const noSkippedTests: TidyRule = {
  name: 'runs every test: none is focused, skipped, promised or empty of meaning',
  check: (files) =>
    files
      .filter(isTest)
      .filter(hasSkip)
      .map(({ path }) => `${path} focuses or skips a test`),
  bad: ['it.only(', 'describe.skip(', 'test.todo(', 'it.concurrent.skip(', 'it.fails('].map((call) => [
    { path: 'test/a.test.ts', text: `${call}'x', () => {});` },
  ]),
  good: [[{ path: 'test/a.test.ts', text: "it('runs', () => {}); it.each([1])('x', () => {}); lines.skip(3);" }]],
};

function isTest(file: SourceFile): boolean {
  return isCode(file) && file.path.endsWith('.test.ts');
}

function hasSkip(file: SourceFile): boolean {
  return focusPattern.test(codeOnly(file.text));
}
