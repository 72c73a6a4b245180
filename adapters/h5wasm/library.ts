import type * as H5wasm from 'h5wasm/node';
import { CubelakeError, FormatError, NotFoundError, TruncatedInputError } from '#core/errors.ts';

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
  /** Runs a call that may open this one file for reading. All others are not there, as far as HDF5 can see. */
  readonly permitting: <T>(localPath: string, call: () => T) => T;
}

let loaded: Promise<LoadedLibrary> | null = null;
let instanceCount = 0;

/**
 * The HDF5 library for reading, one instance per thread. After a crash inside it (`perform`) the next call loads a fresh
 * instance: files of the old one stay lost, new ones open.
 */
export function loadLibrary(): Promise<LoadedLibrary> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LoadedLibrary> {
  // A module is evaluated once per URL, so another query gives another instance; writers have the one without.
  const h5wasm = (await import(`${import.meta.resolve('h5wasm/node')}?reader=${instanceCount}`)) as Library;
  const module = (await h5wasm.ready) as unknown as Hdf5Module;
  // Without this the library prints its errors to standard error and returns nothing.
  module.activate_throwing_error_handler();
  return { h5wasm, module, permitting: permitOnly(module) };
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
 * @throws TruncatedInputError, FormatError, NotFoundError. Disposition: quarantine.
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
    if (/unable to open file: name = .*'No such file or directory'/.test(text)) {
      throw new NotFoundError(`Expected a file, got none (${localPath}).`, { path: localPath }, cause);
    }
    // Anything but HDF5's own report may have left the memory of the instance in disorder.
    if (!text.includes('HDF5-DIAG')) {
      loaded = null;
      instanceCount++;
    }
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
