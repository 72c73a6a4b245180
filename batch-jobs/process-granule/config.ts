import { ConfigurationError } from '#core/errors.ts';
import type { KernelMode } from '#core/pipeline/cube/kernel-choice.ts';
import { environment } from '#schemas/environment.ts';

export interface JobConfig {
  readonly rawUri: string;
  readonly warehouseUri: string;
  readonly manifestId: string;
  readonly granuleIndex: number;
  /** From 1. */
  readonly attempt: number;
  /** null for one per core. */
  readonly threadCount: number | null;
  readonly kernel: KernelMode;
  /** Label of the step to die at, or null. */
  readonly crashAt: string | null;
}

/** @throws ConfigurationError that names the variable. Disposition: stop. */
export function readJobConfig(variables: Readonly<Record<string, string | undefined>> = process.env): JobConfig {
  const required = (name: string): string => {
    const value = variables[name];
    if (value === undefined || value === '') {
      throw new ConfigurationError(`Expected the environment variable ${name}, got none (job). Set it.`, { name });
    }
    return value;
  };
  const count = (names: readonly string[], fallback: number): number => {
    const name = names.find((candidate) => (variables[candidate] ?? '') !== '');
    const value = name === undefined ? fallback : Number(variables[name]);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new ConfigurationError(`Expected a whole number, got "${variables[name!]}" (${name}). Set it to one.`);
  };
  return {
    rawUri: required(environment.rawUri),
    warehouseUri: required(environment.warehouseUri),
    manifestId: required(environment.manifestId),
    // A plain job of AWS Batch has no array index: its manifest has one granule.
    granuleIndex: count([environment.granuleIndex, environment.batchArrayIndex], 0),
    attempt: count([environment.attempt, environment.batchAttempt], 1),
    threadCount: count([environment.threads], 0) || null,
    kernel: kernelMode(variables[environment.kernel] || 'auto'),
    crashAt: variables[environment.crashAt] || null,
  };
}

const kernelModes: readonly KernelMode[] = ['auto', 'cpu', 'gpu'];

function kernelMode(value: string): KernelMode {
  const mode = kernelModes.find((candidate) => candidate === value);
  if (mode !== undefined) return mode;
  throw new ConfigurationError(
    `Expected auto, cpu or gpu, got "${value}" (${environment.kernel}). Set it to one of them.`,
    {
      name: environment.kernel,
    },
  );
}

const inheritedNames = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', environment.kernel, environment.crashAt];

/** What a local job inherits of its scheduler's environment; credentials are not among it. */
export function inheritedVariables(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  return Object.fromEntries(
    inheritedNames.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])),
  );
}
