import { Batch } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchConnection } from '#adapters/batch/batch-connection.ts';
import { batchJobRunner } from '#adapters/batch/batch-job-runner.ts';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';
import { type ChildScript, type JobRunnerUnderTest, job, jobRunnerConformance } from '../../conformance/job-runner.ts';
import { BatchStandIn, type StandInOptions } from '../burst/batch-stand-in.ts';
import { makeRole } from '../burst/moto-request.ts';

// moto takes submissions, lists and describes them. It runs nothing, says at once that everything has succeeded, lists the
// children of arrays beside their parents, does not tell their places and never throttles: the stand-in of the burst is in
// front of it for all of that. Retry rules are the stand-in's own, as those of real Batch are the job definition's.
const motoUri = process.env['PEER_SQS_ENDPOINT'];
if (motoUri === undefined) throw new Error('Expected PEER_SQS_ENDPOINT, got none. Run the check.sh beside this file.');
const batch = new Batch({ endpoint: motoUri, region: 'us-east-1' });
const manifestVariable = 'MANIFEST';
const jobDefinition = 'scripted';

interface PreparedQueue {
  readonly jobQueue: string;
  readonly standIn: BatchStandIn;
  readonly endpoint: string;
  scripts: readonly ChildScript[];
  fate: ReturnType<StandInOptions['fate']>;
  readonly ended: string[];
  readonly starts: string[];
}

/** One queue for each test, so that names are free. */
const prepared: PreparedQueue[] = [];
const queueCount = 20;

beforeAll(async () => {
  const serviceRole = await makeRole(motoUri, 'batch-suite');
  await batch.createComputeEnvironment({
    computeEnvironmentName: 'suite-hosts',
    type: 'UNMANAGED',
    state: 'ENABLED',
    serviceRole,
  });
  await batch.registerJobDefinition({
    jobDefinitionName: jobDefinition,
    type: 'container',
    containerProperties: { image: 'cubelake', command: ['none'], vcpus: 1, memory: 512 },
  });
  for (let position = 0; position < queueCount; position++) prepared.push(await prepare(`suite-${position}`));
});
afterAll(() => {
  for (const { standIn } of prepared) standIn.close();
});

async function prepare(jobQueue: string): Promise<PreparedQueue> {
  await batch.createJobQueue({
    jobQueueName: jobQueue,
    priority: 1,
    state: 'ENABLED',
    computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'suite-hosts' }],
  });
  const standIn = new BatchStandIn({
    motoUri: motoUri!,
    jobQueue,
    processCountMax: 2,
    run: async (variables) => {
      const [index, attempt] = [
        variables['AWS_BATCH_JOB_ARRAY_INDEX'] ?? '0',
        Number(variables['AWS_BATCH_JOB_ATTEMPT']),
      ];
      queue.starts.push(`${index}.${attempt}`);
      const script = queue.scripts[Number(index)] ?? [0];
      const end = script[Math.min(attempt, script.length) - 1]!;
      return end === 'killed' ? null : end;
    },
    announce: async ({ jobName }) => void queue.ended.push(manifestOf(jobName!)),
    fate: () => queue.fate,
  });
  const endpoint = await standIn.listen();
  const queue: PreparedQueue = { jobQueue, standIn, endpoint, scripts: [], fate: 'answered', ended: [], starts: [] };
  return queue;
}

/** As the suite names manifests. */
const manifestOf = (jobName: string): string => `manifest of ${jobName}`;

function next(): PreparedQueue {
  const queue = takenQueues < queueCount ? prepared[takenQueues++] : undefined;
  if (queue === undefined) throw new Error(`Expected a queue for each test, got more tests than ${queueCount}`);
  return queue;
}
let takenQueues = 0;

function runnerOn({ endpoint, jobQueue }: PreparedQueue, attemptCountMax = 3) {
  const connection = batchConnection({ endpoint, region: 'us-east-1', attemptCountMax });
  return batchJobRunner({ connection, jobQueue, jobDefinition, manifestVariable });
}

jobRunnerConformance('AWS Batch', (scripts): JobRunnerUnderTest => {
  const queue = next();
  queue.scripts = scripts;
  return {
    runner: runnerOn(queue),
    drain: async () => {
      while (await queue.standIn.turn()) await new Promise((resolve) => setImmediate(resolve));
    },
    ended: queue.ended,
    starts: () => queue.starts.toSorted(),
  };
});

describe('AWS Batch', () => {
  const listed = async ({ jobQueue }: PreparedQueue): Promise<number> => {
    const filters = [{ name: 'JOB_NAME', values: ['*'] }];
    const { jobSummaryList = [] } = await batch.listJobs({ jobQueue, filters });
    return jobSummaryList.filter(({ jobId }) => !jobId!.includes(':')).length;
  };

  it('has a job once whose submission got no answer, and looks before it submits again', async () => {
    const queue = next();
    queue.fate = 'answer lost';
    await runnerOn(queue).submit(job(3));
    expect(await listed(queue)).toBe(1);
    expect(queue.standIn.counts).toMatchObject({ submissions: 1, lost: 1 });
  });

  it('submits again when it is throttled, and says at last that it may be tried later', async () => {
    const queue = next();
    queue.fate = 'throttled';
    await expect(runnerOn(queue).submit(job(3))).rejects.toThrow(TemporaryError);
    expect(queue.standIn.counts).toMatchObject({ submissions: 3, throttled: 3 });
    queue.fate = 'answered';
    await runnerOn(queue).submit(job(3));
    expect(await listed(queue)).toBe(1);
  });

  it('says what to correct for a queue or a definition that is not there', async () => {
    const queue = next();
    await expect(runnerOn({ ...queue, jobQueue: 'nowhere' }).submit(job(3))).rejects.toThrow(ConfigurationError);
    const connection = batchConnection({ endpoint: queue.endpoint, region: 'us-east-1' });
    const options = { connection, jobQueue: queue.jobQueue, jobDefinition: 'none', manifestVariable };
    await expect(batchJobRunner(options).submit(job(3))).rejects.toThrow(ConfigurationError);
  });
});
