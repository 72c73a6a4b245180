import { TemporaryError } from '#core/errors.ts';

const sqliteBusy = 5;
const sqliteFull = 13;

/** SQLite could not get its lock, or the disk is full: both pass. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number } | null)?.errcode;
  return code !== undefined && (code % 256 === sqliteBusy || code % 256 === sqliteFull);
}

export function queueBusyError(queue: string, cause: unknown): TemporaryError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new TemporaryError(
    `Expected the queue database to answer, got "${said}" (queue ${queue}). Try again.`,
    { queue },
    cause,
  );
}
