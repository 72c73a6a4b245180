import {
  type BigIntStats,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { FormatError } from '#core/errors.ts';

/**
 * The file of an object, or null: a folder is no object, nor is anything behind a symbolic link.
 * @param folder The store's root with all links resolved.
 */
export function statObject(folder: string, key: string): BigIntStats | null {
  const path = join(folder, key);
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isFile() && realpathSync.native(dirname(path)) === dirname(path) ? stats : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Nothing is there; `ENOTDIR` is the same, said of a key below another object. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Folders of the key, each durable in its parent. */
export function makeFolders(folder: string, key: string): void {
  const wanted = dirname(join(folder, key));
  const present = nearestPresent(wanted);
  if (realpathSync.native(present) !== present) {
    throw new FormatError(`Expected folders, got a symbolic link (${key}). Remove the link.`, { key });
  }
  const first = mkdirSync(wanted, { recursive: true });
  if (first === undefined) return;
  for (let path = wanted; ; path = dirname(path)) {
    syncFolder(dirname(path));
    if (path === first) return;
  }
}

function nearestPresent(path: string): string {
  while (lstatSync(path, { throwIfNoEntry: false }) === undefined) path = dirname(path);
  return path;
}

/** Removes the file and the folders that it leaves empty, so that a folder never outlives its keys. */
export function removeObject(folder: string, key: string): void {
  if (statObject(folder, key) === null) return;
  const path = join(folder, key);
  unlinkSync(path);
  let parent = dirname(path);
  while (parent !== folder && isEmptied(parent)) parent = dirname(parent);
  syncFolder(parent);
}

function isEmptied(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Makes the names in a folder survive a power cut. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
