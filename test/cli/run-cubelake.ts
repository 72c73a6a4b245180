import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** Compiled modules, kept between calls: a command then starts in half the time. */
const compileCache = join(tmpdir(), `cubelake-compile-cache-${process.getuid?.() ?? 'user'}`);

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  /** What a person reads on standard error: all lines but the JSON ones of progress. */
  readonly messages: readonly string[];
}

/** Runs the command line as a process of its own, in `folder`. */
export function runCubelake(folder: string, args: readonly string[]): Promise<CommandResult> {
  const argv = ['--disable-warning=ExperimentalWarning', main, ...args];
  const options = {
    cwd: folder,
    maxBuffer: 64 << 20,
    env: { PATH: process.env['PATH'], HOME: folder, NODE_COMPILE_CACHE: compileCache },
  };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, argv, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code !== 'number') return reject(error);
      const messages = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      resolve({ exitCode: code, stdout, messages });
    });
  });
}

/** The same, for a call that must succeed. @returns what it printed */
export async function answerOf(folder: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, messages } = await runCubelake(folder, args);
  if (exitCode !== 0) throw new Error(`cubelake ${args.join(' ')} ended with ${exitCode}: ${messages.join('\n')}`);
  return stdout;
}
