import { wirePayloads } from '../payloads.ts';
import { runJob } from './run-job.ts';

process.exitCode = await runJob(wirePayloads);
