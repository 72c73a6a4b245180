import { posix } from 'node:path';
import type { SourceFile, TidyRule } from './source-tree.ts';

const linkPattern = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

/**
 * Makes the rule for relative links. `exists` answers for files that are not text (images, notebooks' outputs) and for
 * folders.
 */
export function documentLinks(exists: (path: string) => boolean): TidyRule {
  return {
    name: 'links in documents lead to files that are there',
    check: (files) => {
      const known = new Set(files.map((file) => file.path));
      return files
        .filter((file) => file.path.endsWith('.md'))
        .flatMap((file) => deadLinks(file, (path) => known.has(path) || exists(path)));
    },
    bad: [
      [{ path: 'docs/a.md', text: 'see [b](no-such-file.md)' }],
      [{ path: 'docs/a.md', text: 'see [b](../no-such-folder/x.ts#part)' }],
      [{ path: 'docs/a.md', text: '![picture](<no-such-picture.png>)' }],
      [{ path: 'docs/a.md', text: '[outside](../../elsewhere.md)' }],
    ],
    good: [
      [
        { path: 'docs/a.md', text: '[b](b.md) [c](../core/c.ts#x) [d](https://example.org) [e](#part) `[f](none.md)`' },
        { path: 'docs/b.md', text: '```\n[x](none.md)\n```' },
        { path: 'core/c.ts', text: '' },
      ],
    ],
  };
}

function deadLinks(file: SourceFile, exists: (path: string) => boolean): string[] {
  const prose = file.text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(linkPattern)].map((match) => match[1]!);
  return targets
    .filter((target) => !/^([a-z][a-z0-9+.-]*:|#)/i.test(target))
    .filter((target) => {
      const path = posix.normalize(posix.join(posix.dirname(file.path), decodeURI(target.replace(/[?#].*$/, ''))));
      return path.startsWith('..') || !exists(path.replace(/\/$/, ''));
    })
    .map((target) => `${file.path} links to ${target}, which is not there`);
}
