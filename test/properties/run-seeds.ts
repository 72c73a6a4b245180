// node test/properties/run-seeds.ts FIRST COUNT: runs seeds and prints the first that fails, with what broke.
import { simulate } from './simulation.ts';

const first = Number(process.argv[2] ?? 0);
const count = Number(process.argv[3] ?? 100);
let commitCount = 0;
const startMs = performance.now();
for (let seed = first; seed < first + count; seed++) {
  try {
    commitCount += (await simulate(seed)).commitCount;
  } catch (error) {
    console.log(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    process.exit(1);
  }
}
console.log(`${count} seeds, ${commitCount} commits, ${Math.round(performance.now() - startMs)} ms`);
