import { setTimeout as sleep } from 'node:timers/promises';
import type { JobStatus as BatchStatus, JobDetail } from '@aws-sdk/client-batch';
import { ConfigurationError, CubelakeError, invariant, TemporaryError } from '#core/errors.ts';
import { batchArraySizeMax, batchArraySizeMin, batchDescribeCountMax } from '#core/limits.ts';
import type { JobChildState, JobRequest, JobRunner, JobState, JobStatus } from '#core/ports/job-runner.ts';
import type { BatchConnection } from './batch-connection.ts';

export interface BatchJobRunnerOptions {
  readonly connection: BatchConnection;
  /** Names or ARNs. */
  readonly jobQueue: string;
  readonly jobDefinition: string;
  /** Name of the variable that tells a job its manifest. Batch itself tells the index of a child and the attempt. */
  readonly manifestVariable: string;
}

/** Batch takes 50 submissions a second of one account; one that it throttles waits twice as long each time. */
const firstWaitMs = 100;

/**
 * Jobs in AWS Batch: one granule is a plain job, more are an array. Retries, timeouts and hosts are facts of the job
 * definition and the queue.
 *
 * Batch runs every submission, also of a name that exists; so a name is looked for first, and again before a submission
 * that was throttled or got no answer is repeated. Batch forgets jobs a week after their end; by then the ledger says that the manifest is settled.
 */
export function batchJobRunner(options: BatchJobRunnerOptions): JobRunner {
  return new BatchJobRunner(options);
}

class BatchJobRunner implements JobRunner {
  readonly #options: BatchJobRunnerOptions;

  constructor(options: BatchJobRunnerOptions) {
    this.#options = options;
  }

  async submit({ jobName, manifestId, granuleCount }: JobRequest): Promise<void> {
    invariant(granuleCount >= 1 && granuleCount <= batchArraySizeMax, 'Expected a size that Batch takes', {
      granuleCount,
    });
    if ((await this.#newestId(jobName)) !== null) return;
    const { connection, jobQueue, jobDefinition, manifestVariable } = this.#options;
    const client = await connection.singleTryClient();
    for (let attempt = 1; ; attempt++) {
      try {
        await client.submitJob({
          jobName,
          jobQueue,
          jobDefinition,
          ...(granuleCount < batchArraySizeMin ? {} : { arrayProperties: { size: granuleCount } }),
          containerOverrides: { environment: [{ name: manifestVariable, value: manifestId }] },
        });
        return;
      } catch (error) {
        const failure = batchError(error, jobName);
        if (!(failure instanceof TemporaryError)) throw failure;
        // Nobody says whether a submission without an answer arrived: the list of jobs does.
        if ((await this.#newestId(jobName).catch(() => null)) !== null) return;
        if (attempt >= connection.attemptCountMax) throw failure;
        await sleep(firstWaitMs * 2 ** attempt);
      }
    }
  }

  async describe(jobName: string): Promise<JobState | null> {
    const jobId = await this.#newestId(jobName);
    if (jobId === null) return null;
    const [job] = await this.#jobs([jobId], jobName);
    if (job === undefined) return null;
    const size = job.arrayProperties?.size;
    const ids = size === undefined ? null : Array.from({ length: size }, (_, index) => `${jobId}:${index}`);
    const children = ids === null ? [job] : await this.#jobs(ids, jobName);
    const variables = (children[0] ?? job).container?.environment ?? job.container?.environment ?? [];
    return {
      jobName,
      manifestId: variables.find(({ name }) => name === this.#options.manifestVariable)?.value ?? '',
      status: statusOf(job.status),
      children: children.map(childOf).sort((a, b) => a.index - b.index),
    };
  }

  /** Any job of exactly this name, in any state; null when Batch knows none. */
  async #newestId(jobName: string): Promise<string | null> {
    const client = await this.#options.connection.client();
    try {
      const filters = [{ name: 'JOB_NAME', values: [jobName] }];
      const { jobSummaryList = [] } = await client.listJobs({ jobQueue: this.#options.jobQueue, filters });
      const found = jobSummaryList
        .filter((summary) => summary.jobName === jobName)
        .sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
      return found[0]?.jobId ?? null;
    } catch (error) {
      throw batchError(error, jobName);
    }
  }

  async #jobs(jobIds: readonly string[], jobName: string): Promise<JobDetail[]> {
    const client = await this.#options.connection.client();
    const out: JobDetail[] = [];
    for (let start = 0; start < jobIds.length; start += batchDescribeCountMax) {
      try {
        const { jobs = [] } = await client.describeJobs({ jobs: jobIds.slice(start, start + batchDescribeCountMax) });
        out.push(...jobs);
      } catch (error) {
        throw batchError(error, jobName);
      }
    }
    return out;
  }
}

function statusOf(status: BatchStatus | undefined): JobStatus {
  if (status === 'SUCCEEDED') return 'succeeded';
  if (status === 'FAILED') return 'failed';
  return status === 'STARTING' || status === 'RUNNING' ? 'running' : 'waiting';
}

function childOf(job: JobDetail): JobChildState {
  const last = job.attempts?.at(-1)?.container;
  const status = statusOf(job.status);
  return {
    index: job.arrayProperties?.index ?? 0,
    status,
    attemptCount: job.attempts?.length ?? 0,
    exitCode: status === 'running' ? null : (last?.exitCode ?? job.container?.exitCode ?? null),
    reason: status === 'succeeded' ? null : (last?.reason ?? job.statusReason ?? null),
  };
}

function batchError(cause: unknown, jobName: string): CubelakeError {
  if (cause instanceof CubelakeError) return cause;
  const {
    name = 'Error',
    message = String(cause),
    $metadata,
  } = cause as Partial<Error> & {
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? null;
  const fields = { jobName, code: name, status };
  const isThrottling = /Throttl|TooManyRequests/.test(name);
  const isClientFault = status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (name === 'CredentialsProviderError' || (isClientFault && !isThrottling)) {
    return new ConfigurationError(
      `Expected AWS Batch to accept the request, got ${name}: ${message} (${jobName}). Check queue, definition and rights.`,
      fields,
      cause,
    );
  }
  return new TemporaryError(
    `Expected an answer of AWS Batch, got ${name}: ${message} (${jobName}). Try again.`,
    fields,
    cause,
  );
}
