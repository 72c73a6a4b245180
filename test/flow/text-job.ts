import { runJob } from '#batch-jobs/process-granule/run-job.ts';
import { textPayload } from './text-payload.ts';

/** The container entry with the text payload. */
process.exitCode = await runJob(() => [textPayload]);
