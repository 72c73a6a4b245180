import { wirePayloads } from '#batch-jobs/payloads.ts';
import { runJob } from '#batch-jobs/process-granule/run-job.ts';
import { segmentBytesTarget } from './segmented-lake.ts';

/** The container entry, with segments so short that a small cube has several. */
process.exitCode = await runJob((wiring) => wirePayloads({ ...wiring, segmentBytesTarget }));
