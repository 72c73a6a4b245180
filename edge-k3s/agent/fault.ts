import { CubelakeError } from '#core/errors.ts';

/** Ends a making between two tiles: the agent is to stop. */
export class Stopping extends Error {}

/** Not the capture's fault: the agent is to stop, or the disk is full or may not be written. */
export function endsStep(error: unknown): boolean {
  return error instanceof Stopping || isOfDisk(error);
}

export function isOfDisk(error: unknown): error is CubelakeError {
  return error instanceof CubelakeError && (error.disposition === 'retry' || error.disposition === 'stop');
}

/** A bug in one capture must not keep the others from the cloud: its raw files are backhauled, and its stack is kept. */
export function reasonOf(error: unknown): string {
  if (error instanceof CubelakeError && error.disposition !== 'bug') return error.message;
  return `A fault of cubelake, please report it: ${error instanceof Error ? error.stack : String(error)}`;
}
