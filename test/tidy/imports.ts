import { posix } from 'node:path';
import type { SourceFile } from './source-tree.ts';

const importPattern =
  /(?:^|[\s;}])(?:import|export)\s+(?:type\s+)?[\w*{][^'"`;]*?\sfrom\s*['"]([^'"]+)['"]|(?:^|[\s;])import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|new URL\(\s*['"](\.{1,2}\/[^'"]+\.m?ts)['"]\s*,\s*import\.meta\.url/g;

/** Everything that a module names: imports, re-exports, dynamic imports, and workers by `new URL('./x.ts', import.meta.url)`. */
export function importsOf(file: SourceFile): string[] {
  const text = file.text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...text.matchAll(importPattern)].map((match) => (match[1] ?? match[2] ?? match[3] ?? match[4])!);
}

/** Path in the repository that an import names, or null when it names a package. */
export function importedPath(from: string, specifier: string): string | null {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier));
  return null;
}

/** `@scope/name` or `name` of a package import. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}
