import { ConfigurationError, CubelakeError, FormatError, TemporaryError } from '#core/errors.ts';

/** A failure of the disk or of SQLite as an error with a disposition; anything else is returned as it is. */
export function diskError(cause: unknown, where: string): unknown {
  if (cause instanceof CubelakeError || !(cause instanceof Error)) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TemporaryError(
      `Expected free disk space, got none (${where}). Free some space and run again.`,
      { where },
      cause,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ConfigurationError(
      `Expected a folder that may be written, got ${code} (${where}). Give this user the right to write there.`,
      { where },
      cause,
    );
  }
  if (code === 'ENAMETOOLONG') {
    return new FormatError(
      `Expected names of at most 255 bytes between slashes, got a longer one (${where}). Rename the object.`,
      { where },
      cause,
    );
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR' || code === 'ENOTEMPTY') {
    return new FormatError(
      `Expected a key that is not also a folder of other keys, got one (${where}). Rename the object.`,
      { where },
      cause,
    );
  }
  if (code === 'EMFILE' || code === 'ENFILE' || code === 'EIO' || code === 'EBUSY' || code === 'ERR_SQLITE_ERROR') {
    return new TemporaryError(
      `Expected the disk to answer, got ${code}: ${cause.message} (${where}). Try again.`,
      { where },
      cause,
    );
  }
  return cause;
}
