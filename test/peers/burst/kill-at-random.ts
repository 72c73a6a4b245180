import { readFileSync } from 'node:fs';
import { type Kind, livingOf } from './processes.ts';

/**
 * What is killed next, in this order again and again. A kind is left alone once it was killed so often: a message whose
 * calls are all killed would rightly end among the dead letters, and a lost mapping costs a visibility timeout each time.
 */
const order: readonly Kind[] = ['job', 'batcher', 'job', 'event-sources', 'job', 'settler'];
const killCountMax: Readonly<Record<Kind, number>> = { job: 60, batcher: 6, settler: 3, 'event-sources': 3 };

export type Kills = Record<Kind, number>;

interface Killing {
  readonly pidFolder: string;
  readonly nextNumber: () => number;
  readonly isOver: () => boolean;
}

/** Kills one process after the other, with seeded pauses, until it is over. */
export async function killAtRandom({ pidFolder, nextNumber, isOver }: Killing, kills: Kills): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 300 + 1200 * nextNumber()));
    const kind = order[turn % order.length]!;
    const living = livingOf(pidFolder, kind);
    if (kills[kind] >= killCountMax[kind] || living.length === 0 || isOver()) continue;
    const pid = living[Math.floor(nextNumber() * living.length)]!;
    if (kill(pid, pidFolder)) kills[kind]++;
  }
}

/** Only what this burst has started: its processes have the burst's folder in their environment. */
function kill(pid: number, pidFolder: string): boolean {
  try {
    if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(pidFolder)) return false;
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
    return false;
  }
}
