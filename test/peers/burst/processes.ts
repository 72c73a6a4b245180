import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What may be killed, and is. */
export type Kind = 'batcher' | 'settler' | 'job' | 'event-sources';
/**
 * What is let live: the reconciler runs once a day, and would be the one to make good what its own death did; a child of a
 * job whose every attempt is killed would rightly fail, and on a slow machine kills catch the same child again and again.
 */
export type LetLive = 'reconciler' | 'last-attempt';

/**
 * Starts a Node process of ours and writes its id down for as long as it lives, so that whoever kills at random finds it.
 * What it prints goes to `folder`.log.
 * Its parent takes the id away when it has ended: an id that another process got since is never in the folder for long.
 */
export function startKillable(
  folder: string,
  kind: Kind | LetLive,
  script: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly hasChannel: boolean },
): ChildProcess {
  const log = openSync(`${folder}.log`, 'a');
  const channel = options.hasChannel ? (['ipc'] as const) : [];
  const child = spawn(process.execPath, [...script], { env: options.env, stdio: ['ignore', log, log, ...channel] });
  closeSync(log);
  if (child.pid === undefined) return child;
  const note = join(folder, `${kind} ${child.pid}`);
  writeFileSync(note, '');
  child.once('exit', () => rmSync(note, { force: true }));
  return child;
}

/** Ids of the processes of a kind that live now, or died a moment ago. */
export function livingOf(folder: string, kind: Kind): number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${kind} `))
    .map((name) => Number(name.slice(kind.length + 1)))
    .sort((left, right) => left - right);
}

/** Numbers in [0, 1) that follow from a seed. Source: mulberry32 by Tommy Ettinger, public domain. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The next message of a child. @throws Error when it ends before. */
export function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('its process was killed'));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Message);
    });
  });
}
