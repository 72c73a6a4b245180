// A host of Batch that is warm: it runs one child after the other, each from its configuration to its exit code as
// batch-jobs/process-granule/main.ts does, because a thousand starts of Node would be most of a burst. Killing it is the
// loss of a host. It ends with its parent.
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { runJob } from '#batch-jobs/process-granule/run-job.ts';

process.on('disconnect', () => process.exit(0));
process.on('message', async (variables: Record<string, string>) => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, variables);
  const exitCode = await runJob(wirePayloads);
  // One job stops at a signal; a host has had many.
  process.removeAllListeners('SIGTERM');
  process.send!({ exitCode });
});
process.send!({ exitCode: null });
