// npm run test:peers: programs that we did not write read what we wrote. One line for each check, counts at the end.
//
//   node test/peers/run.ts            all checks, two at a time
//   node test/peers/run.ts iceberg    checks whose name contains a word
//
// A check that cannot run (a peer cannot be installed, a folder is absent) counts as failed: nothing is left out in silence.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type PeerCheck, peerPlan } from './checks.ts';

const root = join(import.meta.dirname, '../..');
const outputLineCountMax = 40;
/** Several times what the longest takes: one that hangs ends here with all that it has started, and has failed. */
const limitSeconds = 900;
/** A check waits now and then, for a server to start, a kill, a slow link: on two cores another one has room beside it. */
const chainsAtOnce = 2;

const wanted = process.argv[2] ?? '';
const waiting = peerPlan().map((chain) => chain.filter((check) => check.name.includes(wanted)));
let passedCount = 0;
let failedCount = 0;
let isStopped = false;
const running = new Set<ChildProcess>();

// Each check is a process group of its own, so that a signal to this one would pass them by.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    isStopped = true;
    for (const child of running) child.kill('SIGTERM');
  });
}

await Promise.all(Array.from({ length: chainsAtOnce }, runChains));
console.log(`\nPeers: ${passedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount > 0 || passedCount === 0 ? 1 : 0;

async function runChains(): Promise<void> {
  for (let chain = waiting.shift(); chain !== undefined; chain = waiting.shift()) {
    for (const check of chain) if (!isStopped) await reportCheck(check);
  }
}

/** One line for it, with what it said when it failed: all at once, so that two checks do not speak in between each other. */
async function reportCheck({ name, command }: PeerCheck): Promise<void> {
  const start = performance.now();
  const { isPassed, output } = await runCheck(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const lines = [`${isPassed ? 'pass' : 'FAIL'}  ${name} (${seconds} s)`];
  if (isPassed) passedCount++;
  else {
    failedCount++;
    lines.push(...output.split('\n').slice(-outputLineCountMax));
  }
  console.log(lines.join('\n'));
}

/** stdout and stderr together, as they come. */
function runCheck(command: readonly string[]): Promise<{ isPassed: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('timeout', ['--kill-after=60', `${limitSeconds}`, ...command], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let output = '';
    const keep = (part: Buffer) => {
      output = (output + part.toString()).slice(-100_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ isPassed: false, output: `${output}${error.message}` }));
    child.on('close', (code) => {
      running.delete(child);
      resolve({ isPassed: code === 0, output });
    });
  });
}
