// npm run test:peers: programs that we did not write read what we wrote. One line for each check, counts at the end.
//
//   node test/peers/run.ts            all checks
//   node test/peers/run.ts iceberg    checks whose name contains a word
//
// A check that cannot run (a peer cannot be installed, a folder is absent) counts as failed: nothing is left out in silence.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { peerChecks } from './checks.ts';

const root = join(import.meta.dirname, '../..');
const outputLineCountMax = 40;

const wanted = process.argv[2] ?? '';
const checks = peerChecks().filter((check) => check.name.includes(wanted));
let passedCount = 0;

for (const check of checks) {
  const start = performance.now();
  const { isPassed, output } = await runCheck(check.command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${isPassed ? 'pass' : 'FAIL'}  ${check.name} (${seconds} s)`);
  if (isPassed) passedCount++;
  else console.log(output.split('\n').slice(-outputLineCountMax).join('\n'));
}

const failedCount = checks.length - passedCount;
console.log(`\nPeers: ${passedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount > 0 || checks.length === 0 ? 1 : 0;

/** stdout and stderr together, as they come. */
function runCheck(command: readonly string[]): Promise<{ isPassed: boolean; output: string }> {
  const [program, ...parameters] = command;
  return new Promise((resolve) => {
    const child = spawn(program!, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (part: Buffer) => {
      output = (output + part.toString()).slice(-100_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ isPassed: false, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ isPassed: code === 0, output }));
  });
}
