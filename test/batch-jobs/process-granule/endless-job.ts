import { setInterval } from 'node:timers/promises';
import { runJob } from '#batch-jobs/process-granule/run-job.ts';
import { textPayload } from '../../flow/text-payload.ts';

/** A job that prints a line when it has begun, and never ends. */
process.exitCode = await runJob(() => [
  {
    ...textPayload,
    async process() {
      console.log('begun');
      for await (const _ of setInterval(1000));
      throw new Error('unreachable');
    },
  },
]);
