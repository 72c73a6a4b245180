import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setInterval } from 'node:timers';

export interface WritersReport {
  /** Lines of acknowledged commits; one that was acknowledged before a kill and again after it counts twice. */
  readonly acknowledgedCount: number;
  readonly commitIds: ReadonlySet<string>;
  readonly attemptCount: number;
  readonly attemptCountMax: number;
  /** Times that all attempts of a commit were in vain. */
  readonly conflictCount: number;
  readonly killCount: number;
  readonly wallMs: number;
}

/** Runs writer processes until each has had all its commits acknowledged; with `killsEveryMs` one is killed that often. */
export async function runWriters(options: {
  readonly place: string;
  readonly writerCount: number;
  readonly commitCount: number;
  readonly killsEveryMs: number | null;
}): Promise<WritersReport> {
  const commitIds = new Set<string>();
  const attempts: number[] = [];
  let conflictCount = 0;
  let killCount = 0;
  const running = new Map<string, ChildProcess>();
  const startMs = performance.now();

  const start = (name: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const entry = join(import.meta.dirname, 'writer.ts');
      const child = spawn(process.execPath, [entry, options.place, name, String(options.commitCount)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running.set(name, child);
      let text = '';
      let problem = '';
      child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
      child.stderr.on('data', (piece: Buffer) => (problem += piece.toString()));
      child.on('close', (code, signal) => {
        running.delete(name);
        for (const line of text.split('\n').slice(0, -1)) {
          const { commitId, attemptCount } = JSON.parse(line) as { commitId: string; attemptCount: number };
          if (attemptCount === 0) conflictCount++;
          else {
            commitIds.add(commitId);
            attempts.push(attemptCount);
          }
        }
        if (signal === 'SIGKILL') start(name).then(resolve, reject);
        else if (code === 0) resolve();
        else reject(new Error(`writer ${name} ended with ${code}: ${problem}`));
      });
    });

  const killer =
    options.killsEveryMs === null
      ? null
      : setInterval(() => {
          const children = [...running.values()];
          if (children[killCount % Math.max(1, children.length)]?.kill('SIGKILL')) killCount++;
        }, options.killsEveryMs);
  try {
    await Promise.all(Array.from({ length: options.writerCount }, (_, writer) => start(`w${writer}`)));
  } finally {
    if (killer !== null) clearInterval(killer);
    for (const child of running.values()) child.kill('SIGKILL');
  }
  return {
    acknowledgedCount: attempts.length,
    commitIds,
    attemptCount: attempts.reduce((sum, each) => sum + each, 0),
    attemptCountMax: Math.max(...attempts),
    conflictCount,
    killCount,
    wallMs: Math.round(performance.now() - startMs),
  };
}
