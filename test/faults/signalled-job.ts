import { wirePayloads } from '#batch-jobs/payloads.ts';
import { runJob } from '#batch-jobs/process-granule/run-job.ts';

/** The container entry, with segments of so many bytes, which sends itself SIGTERM at one of the steps of its work. */
const [segmentBytes, stoppedAt] = process.argv.slice(2) as [string, string?];

process.exitCode = await runJob((wiring) =>
  wirePayloads({ ...wiring, segmentBytesTarget: Number(segmentBytes) }).map((payload) => ({
    ...payload,
    process: (granule, context) =>
      payload.process(granule, {
        ...context,
        step(label) {
          if (label === stoppedAt) process.kill(process.pid, 'SIGTERM');
          context.step(label);
        },
      }),
  })),
);
