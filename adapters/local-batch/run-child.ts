import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { jobLogBytesMax } from '#core/limits.ts';

export interface ChildRun {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logPath: string;
  /** Sends SIGTERM, so that the child can end with its exit code for "try again". */
  readonly signal?: AbortSignal;
  /** Each whole line that the child prints, while it runs. */
  readonly onLine?: (line: string) => void;
}

export interface ChildEnd {
  /** null when a signal ended the child. */
  readonly exitCode: number | null;
  /** The signal, and the last lines that it printed on standard error. */
  readonly reason: string;
}

const reasonBytesMax = 2000;

/** Runs one process to its end. What it prints goes to a log file, up to a bound. */
export async function runChild(run: ChildRun): Promise<ChildEnd> {
  const { command, environment, logPath, signal, onLine } = run;
  mkdirSync(dirname(logPath), { recursive: true });
  const log = createWriteStream(logPath);
  let loggedBytes = 0;
  let errorTail = '';
  const keep = (bytes: Buffer): void => {
    const kept = bytes.subarray(0, Math.max(0, jobLogBytesMax - loggedBytes));
    loggedBytes += kept.length;
    if (kept.length > 0) log.write(kept);
  };
  const [program, ...args] = command;
  const child = spawn(program!, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): boolean => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  child.stdout.on('data', keep);
  if (onLine !== undefined) createInterface({ input: child.stdout }).on('line', onLine);
  child.stderr.on('data', (bytes: Buffer) => {
    keep(bytes);
    errorTail = (errorTail + bytes.toString('utf8')).slice(-reasonBytesMax);
  });
  try {
    return await new Promise<ChildEnd>((resolve) => {
      child.on('error', (error) => resolve({ exitCode: null, reason: `could not start: ${error.message}` }));
      child.on('close', (exitCode, killedBy) => {
        const end = killedBy === null ? [] : [`killed by ${killedBy}`];
        resolve({ exitCode, reason: [...end, errorTail.trim()].filter((text) => text !== '').join(': ') });
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await new Promise((resolve) => log.end(resolve));
  }
}
