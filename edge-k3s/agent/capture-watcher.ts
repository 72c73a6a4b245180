import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { diskError } from '#adapters/file/disk-error.ts';
import { captureFilesOf } from '#core/edge/capture-files.ts';
import { TemporaryError } from '#core/errors.ts';

export interface WatcherOptions {
  /** Captures lie in it or in folders below. */
  readonly folder: string;
  /** Files without a sidecar or marker are whole when nothing of them has changed for so long. */
  readonly quietMs: number;
  /** References and plots that may lie in the same folder. */
  readonly ignoredPaths: readonly string[];
  /** Time that only goes forward: a field machine's clock may jump. */
  readonly elapsedMs: () => number;
}

/** A capture whose files are whole. */
export interface FoundCapture {
  /** Path of the main file below the folder: what a person knows it by. */
  readonly name: string;
  /** Header first, or the one file. */
  readonly cubePaths: readonly string[];
  readonly sidecarPath: string | null;
  /** All of its files. */
  readonly paths: readonly string[];
  /** Changes when a file does. */
  readonly version: string;
  /** This name was settled before with other files. */
  readonly isRewritten: boolean;
}

export interface Scan {
  readonly whole: readonly FoundCapture[];
  /** Captures whose files may still be growing. */
  readonly growingCount: number;
}

/** Looks for captures that are whole, and tells of each until it is settled. */
export class CaptureWatcher {
  readonly #options: WatcherOptions;
  readonly #seen = new Map<string, { version: string; sinceMs: number }>();
  readonly #settled = new Map<string, string>();

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** @throws TemporaryError when the folder cannot be read, e.g. because its disk is unplugged. */
  scan(): Scan {
    const whole: FoundCapture[] = [];
    let growingCount = 0;
    for (const { found, isMarked } of this.#captures()) {
      if (this.#settled.get(found.name) === found.version) continue;
      const nowMs = this.#options.elapsedMs();
      const seen = this.#seen.get(found.name);
      if (seen?.version !== found.version) this.#seen.set(found.name, { version: found.version, sinceMs: nowMs });
      const quietMs = seen?.version === found.version ? nowMs - seen.sinceMs : -1;
      if (isMarked || quietMs >= this.#options.quietMs) whole.push(found);
      else growingCount++;
    }
    return { whole, growingCount };
  }

  /** Not told again until its files change. */
  settle({ name, version }: FoundCapture): void {
    this.#settled.set(name, version);
    this.#seen.delete(name);
  }

  #captures(): { readonly found: FoundCapture; readonly isMarked: boolean }[] {
    const { folder, ignoredPaths } = this.#options;
    return [...namesByFolder(folder, new Set(ignoredPaths))].flatMap(([path, names]) =>
      captureFilesOf(names).flatMap(({ cube, sidecar, marker }) => {
        const paths = [...cube, ...[sidecar, marker].filter((name) => name !== null)].map((name) => join(path, name));
        const version = versionOf(paths);
        if (version === null) return [];
        const name = relative(folder, paths[0]!).split(sep).join('/');
        const found: FoundCapture = {
          name,
          cubePaths: paths.slice(0, cube.length),
          sidecarPath: sidecar === null ? null : join(path, sidecar),
          paths,
          version,
          isRewritten: this.#settled.has(name),
        };
        return [{ found, isMarked: sidecar !== null || marker !== null }];
      }),
    );
  }
}

/** Size, time and inode of each file; null when one of them is not there any more. */
export function versionOf(paths: readonly string[]): string | null {
  const versions: string[] = [];
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (stats === undefined) return null;
    versions.push(`${stats.size}-${stats.mtimeNs}-${stats.ino}`);
  }
  return versions.join(' ');
}

function namesByFolder(folder: string, ignored: ReadonlySet<string>): Map<string, string[]> {
  const byFolder = new Map<string, string[]>();
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || ignored.has(join(entry.parentPath, entry.name))) continue;
      const names = byFolder.get(entry.parentPath);
      if (names === undefined) byFolder.set(entry.parentPath, [entry.name]);
      else names.push(entry.name);
    }
  } catch (error) {
    if (diskError(error, folder) !== error) throw diskError(error, folder);
    throw new TemporaryError(
      `Expected the folder of captures, got ${(error as NodeJS.ErrnoException).code} (${folder}). Plug in its disk, or give another folder.`,
      { folder },
      error,
    );
  }
  return byFolder;
}
