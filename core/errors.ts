/**
 * Every failure that a user or an operator may meet is one of these classes. The `disposition` tells the caller what to
 * do with the granule: `retry` (may succeed unchanged), `quarantine` (this input will never succeed as it is),
 * `stop` (configuration is wrong: nothing will succeed until a person changes it), `bug` (ours).
 *
 * Messages say what was expected, what was found and where, and end with what the user can do, when anything can be done.
 */
export type Disposition = 'retry' | 'quarantine' | 'stop' | 'bug';

export interface ErrorFields {
  /** Where: a key, a path, a table, a header line. */
  readonly [field: string]: string | number | boolean | null | undefined;
}

export class CubelakeError extends Error {
  readonly disposition: Disposition;
  readonly fields: ErrorFields;

  constructor(message: string, disposition: Disposition, fields: ErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.disposition = disposition;
    this.fields = fields;
  }
}

/** A file ends before the bytes that its header promises. */
export class TruncatedInputError extends CubelakeError {
  constructor(fields: { path: string; expectedBytes: number; actualBytes: number }, cause?: unknown) {
    super(
      `Expected ${fields.expectedBytes} bytes, got ${fields.actualBytes} (${fields.path}). Copy the file again from its source.`,
      'quarantine',
      fields,
      cause,
    );
  }
}

/** The bytes of a file break the rules of its format, or a claim in its header cannot be true. */
export class FormatError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'quarantine', fields, cause);
  }
}

/** The file is sound but lacks a fact that the work needs, and the user can give it. */
export class MissingFactError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'quarantine', fields, cause);
  }
}

/** References and cube do not fit together, or calibration gives no valid value. */
export class CalibrationError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'quarantine', fields, cause);
  }
}

/** Plot polygons or a coordinate system cannot be used with this cube. */
export class GeometryError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'quarantine', fields, cause);
  }
}

/** Wrong arguments, settings or rule files: exit code 78. */
export class ConfigurationError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'stop', fields, cause);
  }
}

/** An object, table or snapshot that was asked for by name is not there. */
export class NotFoundError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'quarantine', fields, cause);
  }
}

/** An object lies in an archive and cannot be read before it is restored. Reprocess its granule then. */
export class ArchivedObjectError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'quarantine', fields, cause);
  }
}

/** A conditional write found another version than the one it asked for. Refresh and decide again. */
export class PreconditionFailedError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** Another writer committed first: refresh, rebase and try again. Nothing of this commit is visible. */
export class CommitConflictError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** Nobody knows whether the commit happened: read it back by its commit id. Never repeat it, never delete its files. */
export class CommitStateUnknownError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** Another writer does the same work and is further: this one must stop and look again where it is. Nothing of it is visible. */
export class FencedError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** Another process is at work on what this one needs first. Nothing is wrong: look again when it is done. */
export class HeldError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** Something outside failed in a way that may pass: a full disk, a throttled service, a lost connection. */
export class TemporaryError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** A GPU is not there, cannot take this cube, or went away. The CPU does the same work, so this seldom ends a job. */
export class DeviceUnavailableError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, 'retry', fields, cause);
  }
}

/** A bug of ours: an internal promise does not hold. */
export class InvariantError extends CubelakeError {
  constructor(message: string, fields: ErrorFields = {}) {
    super(message, 'bug', fields);
  }
}

export function invariant(condition: unknown, message: string, fields: ErrorFields = {}): asserts condition {
  if (!condition) throw new InvariantError(message, fields);
}

/** Exit codes of every job and command, after sysexits.h; `stopped` is what shells say of SIGINT. */
export const exitCodes = { ok: 0, badData: 65, bug: 70, retry: 75, badConfiguration: 78, stopped: 130 } as const;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof CubelakeError)) return exitCodes.bug;
  if (error.disposition === 'quarantine') return exitCodes.badData;
  if (error.disposition === 'stop') return exitCodes.badConfiguration;
  if (error.disposition === 'retry') return exitCodes.retry;
  return exitCodes.bug;
}
