import { accessSync, constants, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '#core/errors.ts';

// What the user asks to be written where: a place that cannot be written is a wrong setting, not a bug.

/** Makes a folder and those above it. @throws ConfigurationError */
export function makeFolder(path: string): void {
  orRefuse(path, () => mkdirSync(path, { recursive: true }));
}

/** Writes a text file, replacing it, in a folder that is made if need be. @throws ConfigurationError */
export function writeOwnText(path: string, text: string): void {
  makeFolder(dirname(resolve(path)));
  orRefuse(path, () => writeFileSync(path, text));
}

/** @throws ConfigurationError when the file or folder may not be read and written. */
export function requireWritable(path: string): void {
  orRefuse(path, () => accessSync(path, constants.R_OK | constants.W_OK));
}

/** @throws ConfigurationError for a folder that holds anything but a Zarr group: forcing must not delete a home. */
export function requireReplaceable(folder: string): void {
  let names: string[] = [];
  orRefuse(folder, () => {
    names = readdirSync(folder);
  });
  if (names.length === 0 || existsSync(join(folder, 'zarr.json'))) return;
  throw new ConfigurationError(`Expected a Zarr folder to replace, got a folder of other files (${folder}).`, {
    folder,
  });
}

/** Read as patterns, or as the end of a path, in the URIs by which engines name files. */
const strangeToEngines = /[%#?*[\]{}\\|]|\p{Cc}/u;

/** @throws ConfigurationError for a folder whose tables Spark, Trino, pyiceberg or DuckDB could not open. */
export function requirePlainPath(folder: string): void {
  const strange = strangeToEngines.exec(resolve(folder))?.[0];
  if (strange === undefined) return;
  throw new ConfigurationError(
    `Expected a folder for the lake that other programs can open, got ${JSON.stringify(strange)} in its path (${folder}). Choose a path without % # ? * [ ] { } | and backslash.`,
    { folder },
  );
}

function orRefuse(path: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ConfigurationError(
      `Expected a place that can be written, got ${code} (${path}). Choose another path or change its permissions.`,
      { path, code },
      cause,
    );
  }
}
