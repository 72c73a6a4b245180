import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** A text file of the repository; `path` is relative with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A rule with its own proof: `good` trees pass it and `bad` trees do not. */
export interface TidyRule {
  readonly name: string;
  /** One sentence for each violation. */
  check(files: readonly SourceFile[]): string[];
  readonly bad: readonly (readonly SourceFile[])[];
  readonly good: readonly (readonly SourceFile[])[];
}

const skippedFolders = new Set(['node_modules', '.git', 'lake', 'demo-lake', 'dist', 'results', '__pycache__']);
const textPattern =
  /\.(ts|mts|mjs|js|json|md|py|sh|ya?ml|toml|css|html|ipynb|R)$|(^|\/)(run|Dockerfile|Containerfile)$/;
const textBytesMax = 4 * 1024 * 1024;

/** All text files below `root` that people wrote; lockfile and generated folders stay out. */
export function readSourceTree(root: string): SourceFile[] {
  const files: SourceFile[] = [];
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/');
    const isSkipped = path.split('/').some((segment) => skippedFolders.has(segment));
    if (isSkipped || !entry.isFile() || !textPattern.test(path) || path === 'package-lock.json') continue;
    const text = readFileSync(join(root, path), 'utf8');
    if (text.length <= textBytesMax) files.push({ path, text });
  }
  return files;
}

export function isCode(file: SourceFile): boolean {
  return /\.(ts|mts|mjs)$/.test(file.path);
}

/** The first folder: `core`, `adapters`, ...; empty for files of the root. */
export function topFolder(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

/** The text without comments and with empty quotes in place of strings; templates stay, since code stands in them. */
export function codeOnly(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, (found) =>
    found.startsWith('/') ? '' : "''",
  );
}
