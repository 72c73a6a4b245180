import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { attemptCountMax } from './batch-stand-in.ts';
import { nextMessage, startKillable } from './processes.ts';

const main = join(import.meta.dirname, '../../../batch-jobs/process-granule/main.ts');
const host = join(import.meta.dirname, 'job-host.ts');

/** Runs one attempt of a child. @returns The exit code; null when it was killed. */
export type RunAttempt = (variables: Readonly<Record<string, string>>) => Promise<number | null>;

/** Each attempt in a process of its own, with a container's environment. */
export function runAlone(pidFolder: string): RunAttempt {
  return (env) => {
    const kind = isLastAttempt(env) ? 'last-attempt' : 'job';
    const child = startKillable(pidFolder, kind, [main], { env, hasChannel: false });
    return new Promise((resolve) => child.once('close', resolve));
  };
}

/** One attempt after the other in hosts that stay, until they are killed. What must not be killed has no host. */
export function runInHosts(pidFolder: string): RunAttempt {
  const idle: ChildProcess[] = [];
  const runInNone = runAlone(pidFolder);
  const start = async (env: NodeJS.ProcessEnv): Promise<ChildProcess> => {
    const child = startKillable(pidFolder, 'job', [host], { env, hasChannel: true });
    child.once('exit', () => {
      const position = idle.indexOf(child);
      if (position >= 0) idle.splice(position, 1);
    });
    // Sending to a host that was killed a moment ago fails here; its exit says so too.
    child.on('error', () => {});
    await nextMessage(child);
    return child;
  };
  return async (env) => {
    if (isLastAttempt(env)) return runInNone(env);
    try {
      const child = idle.pop() ?? (await start(env));
      const ended = nextMessage<{ exitCode: number }>(child);
      child.send(env);
      const { exitCode } = await ended;
      idle.push(child);
      return exitCode;
    } catch {
      return null;
    }
  };
}

function isLastAttempt({ AWS_BATCH_JOB_ATTEMPT: attempt }: Readonly<Record<string, string>>): boolean {
  return attempt === String(attemptCountMax);
}
