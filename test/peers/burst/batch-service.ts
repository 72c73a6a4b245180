// AWS Batch for a burst: node batch-service.ts SETTINGS.json. Tells its parent the address, and ends with it.
import { readFileSync } from 'node:fs';
import { BatchStandIn } from './batch-stand-in.ts';
import { runAlone, runInHosts } from './job-processes.ts';
import { motoRequest } from './moto-request.ts';
import { seededNumbers } from './processes.ts';

export interface BatchSettings {
  readonly motoUri: string;
  readonly pidFolder: string;
  readonly jobQueue: string;
  readonly seed: number;
  readonly processCountMax: number;
  /** Children run in hosts that stay (job-host.ts), or each in a process of its own. */
  readonly hostsAreWarm: boolean;
}

const { motoUri, pidFolder, seed, hostsAreWarm, ...settings } = JSON.parse(
  readFileSync(process.argv[2]!, 'utf8'),
) as BatchSettings;
const nextNumber = seededNumbers(seed);
const run = hostsAreWarm ? runInHosts(pidFolder) : runAlone(pidFolder);
const path = { PATH: process.env['PATH']! };

const batch = new BatchStandIn({
  ...settings,
  motoUri,
  run: (variables) => run({ ...path, ...variables }),
  // Through EventBridge of moto, whose rule sends it to the FIFO queue.
  announce: async (detail) => {
    const entry = { Source: 'aws.batch', DetailType: 'Batch Job State Change', Detail: JSON.stringify(detail) };
    await motoRequest(motoUri, 'events', 'AWSEvents.PutEvents', { Entries: [entry] });
  },
  // A few submissions are all there are: the first two have bad luck for certain.
  fate: () => {
    const luck = ([0, 0.2] as const)[batch.counts.submissions] ?? nextNumber();
    return luck < 0.2 ? 'throttled' : luck < 0.4 ? 'answer lost' : 'answered';
  },
});

process.on('disconnect', () => process.exit(0));
let isAtWork = false;
process.on('message', () => process.send!({ counts: batch.counts, isAtWork }));
process.send!({ uri: await batch.listen() });
for (;;) {
  isAtWork = await batch.turn();
  await new Promise((resolve) => setTimeout(resolve, 500));
}
