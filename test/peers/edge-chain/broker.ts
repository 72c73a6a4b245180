import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real broker that can be killed and started again on what it had written. */
export class Broker {
  readonly #kind: 'kafka' | 'mosquitto';
  readonly #folder: string;
  #wrapper: ChildProcess | null = null;
  #pid = 0;
  killCount = 0;

  constructor(kind: 'kafka' | 'mosquitto', folder: string) {
    this.#kind = kind;
    this.#folder = folder;
  }

  /** @returns Its address, the same after every start. */
  async start(): Promise<string> {
    const script = [join(import.meta.dirname, 'broker.sh'), this.#kind, this.#folder];
    const wrapper = spawn('bash', script, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#wrapper = wrapper;
    for await (const line of createInterface({ input: wrapper.stdout })) {
      const [, address, pid] = /^((?:mqtt:\/\/)?127\.0\.0\.1:\d+) (\d+)$/.exec(line) ?? [];
      if (address === undefined) throw new Error(`Expected ADDRESS PROCESS of ${this.#kind}, got "${line}".`);
      this.#pid = Number(pid);
      return address;
    }
    throw new Error(`Expected ${this.#kind} to listen, got its end. See ${this.#folder}/out.`);
  }

  /** SIGKILL, then a new start; `whileDown` may take away what it had written. */
  async restart(whileDown: () => void = () => {}): Promise<void> {
    const ended = new Promise((resolve) => this.#wrapper!.once('exit', resolve));
    process.kill(this.#pid, 'SIGKILL');
    await ended;
    this.killCount++;
    whileDown();
    await this.start();
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.#pid, name);
  }

  stop(): void {
    this.#wrapper?.kill('SIGTERM');
  }
}
