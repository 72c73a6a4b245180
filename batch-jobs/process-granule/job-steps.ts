import { TemporaryError } from '#core/errors.ts';

/** Where a test wants this attempt to die; plain data, because it crosses threads. */
export interface CrashPlan {
  /** Label of the step, as `CUBELAKE_CRASH_AT` says it, or null. */
  readonly crashAt: string | null;
  readonly attempt: number;
}

/** An attempt that no test lets die. */
export const noCrash: CrashPlan = { crashAt: null, attempt: 1 };

export interface StepOptions extends CrashPlan {
  /** Aborted when the job shall stop. */
  readonly signal?: AbortSignal;
}

/**
 * What a job does at each labelled step: dies there like a machine does, where a test says so (`label`, or
 * `label@attempt`); ends there in good order, where it was asked to stop: what was half written is removed, and the next
 * attempt goes on at the last checkpoint.
 *
 * @throws TemporaryError once the signal is aborted. Disposition: retry.
 */
export function jobSteps({ crashAt, attempt, signal }: StepOptions): (label: string) => void {
  return (label) => {
    if (crashAt === label || crashAt === `${label}@${attempt}`) process.kill(process.pid, 'SIGKILL');
    if (signal?.aborted === true) {
      throw new TemporaryError(
        `Expected to go on after "${label}", got SIGTERM. The next attempt goes on at the last checkpoint.`,
      );
    }
  };
}
