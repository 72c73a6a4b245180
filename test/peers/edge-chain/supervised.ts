// Processes of the chain: started, killed, started again, as Kubernetes would.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

const commandLine = join(import.meta.dirname, '../../../cli/main.ts');

/** `cubelake ...`, its output at the end of a log. */
export function startCommand(parameters: readonly string[], logPath: string, env: NodeJS.ProcessEnv): ChildProcess {
  const log = openSync(logPath, 'a');
  const child = spawn(process.execPath, [commandLine, ...parameters], { env, stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });
}

const pauseMs = 150;

/** One process that is started again whenever it ends, until `stop`. */
export class Supervised {
  readonly #start: () => ChildProcess;
  #child: ChildProcess;
  #isOver = false;
  /** Ends by itself, with the exit code: a fault may make a process end, but never as a bug. */
  readonly exitCodes: (number | null)[] = [];
  killCount = 0;

  constructor(start: () => ChildProcess) {
    this.#start = start;
    this.#child = this.#started();
  }

  kill(): void {
    if (this.#child.kill('SIGKILL')) this.killCount++;
  }

  /** Asks it to end, as Kubernetes does. @returns its exit code */
  async stop(): Promise<number | null> {
    this.#isOver = true;
    this.#child.kill('SIGTERM');
    return exitOf(this.#child);
  }

  #started(): ChildProcess {
    const child = this.#start();
    child.once('exit', (code, signal) => {
      if (this.#isOver) return;
      if (signal === null) this.exitCodes.push(code);
      setTimeout(() => {
        if (!this.#isOver) this.#child = this.#started();
      }, pauseMs);
    });
    return child;
  }
}
