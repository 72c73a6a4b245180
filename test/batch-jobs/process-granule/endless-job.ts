import { setInterval } from 'node:timers/promises';
import { runJob } from '#batch-jobs/process-granule/run-job.ts';
import { textPayload } from '../../flow/text-payload.ts';

/** A job that prints a line when it has begun, and never comes to its next step. */
const endless = {
  ...textPayload,
  async process(): Promise<never> {
    console.log('begun');
    for await (const _ of setInterval(1000));
    throw new Error('unreachable');
  },
};
const [stopMsMax] = process.argv.slice(2);
process.exitCode = await runJob(() => [endless], stopMsMax === undefined ? {} : { stopMsMax: Number(stopMsMax) });
