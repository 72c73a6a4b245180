// node test/flow-simulation/run-seeds.ts FIRST COUNT: runs seeds and prints the first that fails, with what broke.
import { simulateFlow } from './simulate-flow.ts';

const first = Number(process.argv[2] ?? 0);
const count = Number(process.argv[3] ?? 50);
const totals: Record<string, number> = {};
const startMs = performance.now();
for (let seed = first; seed < first + count; seed++) {
  try {
    for (const [name, value] of Object.entries(await simulateFlow(seed))) totals[name] = (totals[name] ?? 0) + value;
  } catch (error) {
    console.log(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    process.exit(1);
  }
}
console.log(`${count} seeds, ${Math.round(performance.now() - startMs)} ms, ${JSON.stringify(totals)}`);
