import { appendFileSync } from 'node:fs';

/** A job that ends as its script says: `SCRIPTS` is JSON, by child and attempt. Notes every start. */
const { SCRIPTS, STARTS, INDEX, ATTEMPT, THREADS, NOISE } = process.env;
const script = (JSON.parse(SCRIPTS!) as (number | 'killed' | 'wait')[][])[Number(INDEX)]!;
const end = script[Math.min(Number(ATTEMPT), script.length) - 1]!;
process.on('SIGTERM', () => process.exit(75));
appendFileSync(STARTS!, `${INDEX}.${ATTEMPT}\n`);
console.log(`threads ${THREADS}`);
process.stdout.write('x'.repeat(Number(NOISE ?? 0)));
if (end === 'wait') setInterval(() => {}, 1000);
else if (end === 'killed') process.kill(process.pid, 'SIGKILL');
else {
  if (end !== 0) console.error(`child ${INDEX} ends with ${end}`);
  process.exitCode = end;
}
