import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { type Kind, type LetLive, nextMessage, startKillable } from './processes.ts';

export interface FunctionOptions {
  readonly kind: Kind | LetLive;
  /** dist/functions/NAME/main.mjs */
  readonly bundle: string;
  readonly env: NodeJS.ProcessEnv;
  readonly pidFolder: string;
  /** A call that takes longer is killed with its environment, as in Lambda. */
  readonly limitMs: number;
}

interface Answer {
  readonly ready?: true;
  readonly result?: unknown;
  readonly error?: string;
}

/** A Lambda function: as many environments as calls at a time, each used again until it dies. */
export class LambdaFunction {
  readonly #options: FunctionOptions;
  readonly #idle: ChildProcess[] = [];

  constructor(options: FunctionOptions) {
    this.#options = options;
  }

  /** @throws Error when the handler threw, ran out of time, or its environment was killed. */
  async invoke(event: unknown): Promise<unknown> {
    const environment = this.#idle.pop() ?? (await this.#start());
    const { limitMs } = this.#options;
    const answered = nextMessage<Answer>(environment);
    environment.send({ event, limitMs });
    const timer = setTimeout(() => environment.kill('SIGKILL'), limitMs);
    try {
      const { result, error } = await answered;
      this.#idle.push(environment);
      if (error !== undefined) throw new Error(error);
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  async #start(): Promise<ChildProcess> {
    const { bundle, env, kind, pidFolder } = this.#options;
    const script = [join(import.meta.dirname, 'lambda-environment.ts'), bundle];
    const child = startKillable(pidFolder, kind, script, { env, hasChannel: true });
    child.once('exit', () => {
      const position = this.#idle.indexOf(child);
      if (position >= 0) this.#idle.splice(position, 1);
    });
    // Sending to a process that was killed a moment ago fails here; its exit says so too.
    child.on('error', () => {});
    await nextMessage<Answer>(child);
    return child;
  }
}
