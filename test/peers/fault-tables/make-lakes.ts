// node make-lakes.ts FOLDER: lakes whose one table went through faults: `killed` by eight processes of which one was killed every
// second, `seed-N` by the simulation's writers, crashes, lost answers and maintenance.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { openLake } from '../../../cli/open-lake.ts';
import { simulatedObjects } from '../../properties/simulation.ts';
import { checkCommits } from '../many-writers/check-commits.ts';
import { runWriters } from '../many-writers/run-writers.ts';

const folder = process.argv[2]!;
/**
 * Seeds with many commits, crashes, evolved columns, rollbacks, tags and merged files, all of whose snapshots can still be asked for
 * by their time: expiry takes the log of earlier times with it, and then engines rightly find nothing.
 */
const seeds = [22, 30];

const killed = join(folder, 'killed');
openLake(killed).close();
const place = join(killed, 'warehouse');
// More than 64 commits: manifests that an earlier merge wrote are then merged by copying their blocks.
const { commitIds, killCount } = await runWriters({ place, writerCount: 8, commitCount: 10, killsEveryMs: 1000 });
await checkCommits(fileObjectStore(place), commitIds);
console.log(`killed: ${commitIds.size} commits, ${killCount} kills`);

for (const seed of seeds) {
  const lake = join(folder, `seed-${seed}`);
  openLake(lake).close();
  const { rootUri } = fileObjectStore(join(lake, 'warehouse'));
  const { report, objects } = await simulatedObjects(seed, rootUri);
  for (const [key, bytes] of objects) {
    const path = join(lake, 'warehouse', key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  console.log(`seed-${seed}: ${report.commitCount} commits, ${report.killCount} kills, ${objects.size} objects`);
}
