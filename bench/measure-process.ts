import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessMeasure {
  readonly wallSeconds: number;
  /** Until everything that it wrote is on the disk too: nearly the same for a program that waits for that itself. */
  readonly durableSeconds: number;
  /** Largest memory of the process and its descendants together, pages that they share counted once. */
  readonly peakMib: number;
  readonly stdout: string;
}

/** Asking for the memory of a process stops it for some milliseconds: seldom enough not to be felt. */
const pollMs = 400;

/**
 * Runs a command to its end. What earlier runs left unwritten goes to the disk first: a program that waits for the disk must not
 * pay for one that does not.
 *
 * @throws Error with the end of its output when it fails.
 */
export function measureProcess(command: readonly string[], environment: NodeJS.ProcessEnv): Promise<ProcessMeasure> {
  const [program, ...parameters] = command;
  execFileSync('sync');
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program!, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let peakKib = 0;
    child.stdout.on('data', (part) => {
      stdout += part;
    });
    child.stderr.on('data', (part) => {
      stderr = (stderr + part).slice(-10_000);
    });
    const poll = setInterval(() => {
      peakKib = Math.max(peakKib, treeKib(child.pid!));
    }, pollMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(poll);
      const wallSeconds = (performance.now() - start) / 1000;
      execFileSync('sync');
      const durableSeconds = (performance.now() - start) / 1000;
      if (code === 0) resolve({ wallSeconds, durableSeconds, peakMib: Math.round(peakKib / 1024), stdout });
      else reject(new Error(`Expected ${command.join(' ')} to succeed, got exit code ${code}.\n${stdout}\n${stderr}`));
    });
  });
}

/** Proportional set size of a process and all its descendants, in KiB. */
function treeKib(rootPid: number): number {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const parent = /^\d+$/.test(entry) ? parentOf(Number(entry)) : null;
    if (parent !== null) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(entry)]);
  }
  let sum = 0;
  const waiting = [rootPid];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    sum += proportionalKib(pid);
    waiting.push(...(childrenOf.get(pid) ?? []));
  }
  return sum;
}

/** Processes may end between listing and reading: then there is nothing to count. */
function parentOf(pid: number): number | null {
  const fields = readProc(`/proc/${pid}/stat`)?.replace(/^.*\)\s+\S+\s+/s, '');
  return fields === undefined ? null : Number.parseInt(fields, 10);
}

function proportionalKib(pid: number): number {
  const found = /^Pss:\s+(\d+) kB/m.exec(readProc(`/proc/${pid}/smaps_rollup`) ?? '');
  return found === null ? 0 : Number(found[1]);
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
