import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compareKeys, isObjectKey } from '#core/ports/object-key.ts';
import { isMissing } from './object-path.ts';

/**
 * Keys of all files below a folder that start with `prefix`, in the order of their UTF-8 bytes. Reads one folder at a
 * time and only those that may hold such keys. A folder sorts as its name with a slash: `a.txt` < `a/b` < `a0`.
 */
export function* listKeys(folder: string, prefix: string, parent = ''): Generator<string> {
  const entries = readFolder(join(folder, parent))
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => ({ key: parent + entry.name + (entry.isDirectory() ? '/' : ''), isFolder: entry.isDirectory() }))
    .filter(({ key, isFolder }) => key.startsWith(prefix) || (isFolder && prefix.startsWith(key)))
    .filter(({ key, isFolder }) => isObjectKey(isFolder ? key.slice(0, -1) : key))
    .sort((left, right) => compareKeys(left.key, right.key));
  for (const { key, isFolder } of entries) {
    if (isFolder) yield* listKeys(folder, prefix, key);
    else yield key;
  }
}

function readFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
