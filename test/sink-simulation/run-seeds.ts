import { simulateSink } from './simulate-sink.ts';

/** By hand: `node test/sink-simulation/run-seeds.ts FIRST COUNT`. */
const [first = 0, count = 100] = process.argv.slice(2).map(Number);
const total: Record<string, number> = {};
for (let seed = first; seed < first + count; seed++) {
  try {
    for (const [name, value] of Object.entries(await simulateSink(seed))) total[name] = (total[name] ?? 0) + value;
  } catch (error) {
    total['failed'] = (total['failed'] ?? 0) + 1;
    console.log(seed, error instanceof Error ? error.message.slice(0, 400) : error);
  }
}
console.log(total);
