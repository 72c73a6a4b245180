import type * as H5wasm from 'h5wasm/node';
import { CubelakeError, FormatError, TruncatedInputError } from '#core/errors.ts';

type Library = typeof H5wasm;

/** What the library offers beyond its typed classes. */
interface Hdf5Module {
  activate_throwing_error_handler(): number;
  get_attribute_names(fileId: bigint, path: string): string[];
  readonly FS: { open(path: string, flags: number, mode?: number): unknown };
}

export interface LoadedLibrary {
  readonly h5wasm: Library;
  readonly module: Hdf5Module;
  /**
   * Files (device and inode) in which a call failed. The failed call kept a handle, so HDF5 holds the file open and would
   * answer for it from memory, even after it has been replaced.
   */
  readonly heldFiles: Set<string>;
  /** Runs a call that may open this one file for reading. All others are not there, as far as HDF5 can see. */
  readonly permitting: <T>(localPath: string, call: () => T) => T;
}

let loaded: Promise<LoadedLibrary> | null = null;
let instanceCount = 0;

/**
 * The HDF5 library for reading, one instance per thread; a fresh one after a crash inside it (`perform`), and for a file
 * that the present one still holds.
 */
export async function loadLibrary(fileIdentity: string): Promise<LoadedLibrary> {
  loaded ??= load();
  const library = await loaded;
  if (!library.heldFiles.has(fileIdentity)) return library;
  retire();
  loaded ??= load();
  return loaded;
}

/** Files that are open in the old instance stay usable as long as it is. */
function retire(): void {
  loaded = null;
  instanceCount++;
}

async function load(): Promise<LoadedLibrary> {
  // A module is evaluated once per URL, so another query gives another instance; writers have the one without.
  const h5wasm = (await import(`${import.meta.resolve('h5wasm/node')}?reader=${instanceCount}`)) as Library;
  const module = (await h5wasm.ready) as unknown as Hdf5Module;
  // Without this the library prints its errors to standard error and returns nothing.
  module.activate_throwing_error_handler();
  return { h5wasm, module, heldFiles: new Set(), permitting: permitOnly(module) };
}

/**
 * A file may name other files by links, virtual sources and external storage, and HDF5 would read whatever is there:
 * someone else's cube, or a password file as counts. So it may open no file but the one that it was given. Its error
 * handler writes a temporary file, which is let through.
 */
function permitOnly(module: Hdf5Module): LoadedLibrary['permitting'] {
  const open = module.FS.open;
  let permitted: string | null = null;
  module.FS.open = (path, flags, mode) => {
    const isReadOnly = (flags & 3) === 0;
    // The shape of the library's own "no such file": its system calls turn this into an error code.
    if (isReadOnly && path !== permitted) throw { name: 'ErrnoError', errno: 44 };
    return open.call(module.FS, path, flags, mode);
  };
  return (localPath, call) => {
    permitted = localPath;
    try {
      return call();
    } finally {
      permitted = null;
    }
  };
}

/**
 * Runs one call of the library and turns what it throws into a typed error.
 * @throws TruncatedInputError, FormatError. Disposition: quarantine.
 */
export function perform<T>(localPath: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof CubelakeError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    const truncated = /truncated file: eof = (\d+),.* stored_eof = (\d+)/.exec(text);
    if (truncated !== null) {
      const [actualBytes, expectedBytes] = [Number(truncated[1]), Number(truncated[2])];
      throw new TruncatedInputError({ path: localPath, expectedBytes, actualBytes }, cause);
    }
    // Anything but HDF5's own report may have left the memory of the instance in disorder.
    if (!text.includes('HDF5-DIAG')) retire();
    throw new FormatError(
      `Expected sound HDF5, got "${deepestReport(text)}" (${localPath}). Copy the file again from its source.`,
      { path: localPath },
      cause,
    );
  }
}

/** HDF5 reports a stack; the last line of it says what was wrong. */
function deepestReport(text: string): string {
  const reports = [...text.matchAll(/in \w+\(\): (.+)/g)];
  return (reports.at(-1)?.[1] ?? text).trim().slice(0, 200);
}
