import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { batchConnection } from '#adapters/batch/batch-connection.ts';
import { batchJobRunner } from '#adapters/batch/batch-job-runner.ts';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';
import type { JobRunner } from '#core/ports/job-runner.ts';

/** What AWS Batch knows, and how it misbehaves at the next submission. The real SDK client talks to it. */
interface Job {
  readonly jobId: string;
  readonly jobName: string;
  readonly createdAt: number;
  readonly request: { arrayProperties?: { size: number }; containerOverrides: { environment: unknown[] } };
}

let jobs: Job[] = [];
let nextSubmission: 'answers' | 'loses its answer' | 'fails' | 'is refused' | 'is throttled' = 'answers';
let submissionCount = 0;
let details: Record<string, object> = {};
let describedCounts: number[] = [];

const server = createServer((request, response) => {
  let text = '';
  request.on('data', (part) => {
    text += part;
  });
  request.on('end', () => {
    const body = JSON.parse(text);
    const answer = (status: number, value: object): void => {
      response.writeHead(status, {
        'content-type': 'application/json',
        ...('type' in value ? { 'x-amzn-errortype': String(value.type) } : {}),
      });
      response.end(JSON.stringify(value));
    };
    if (request.url === '/v1/listjobs') {
      const [name] = body.filters[0].values;
      answer(200, { jobSummaryList: jobs.filter(({ jobName }) => jobName === name) });
    } else if (request.url === '/v1/describejobs') {
      describedCounts.push(body.jobs.length);
      answer(200, { jobs: body.jobs.map((id: string) => ({ jobId: id, ...detailOf(id) })) });
    } else {
      const mode = nextSubmission;
      nextSubmission = 'answers';
      submissionCount++;
      if (mode === 'is throttled') return answer(429, { type: 'TooManyRequestsException', message: 'too many' });
      if (mode === 'is refused') return answer(400, { type: 'ClientException', message: 'no such queue' });
      if (mode === 'fails') return answer(500, { type: 'ServerException', message: 'try later' });
      jobs.push({ jobId: `id-${jobs.length}`, jobName: body.jobName, createdAt: jobs.length, request: body });
      if (mode === 'loses its answer') request.socket.destroy();
      else answer(200, { jobId: `id-${jobs.length - 1}`, jobName: body.jobName });
    }
  });
});

function detailOf(id: string): object {
  const [parent, index] = id.split(':');
  const { request } = jobs.find(({ jobId }) => jobId === parent)!;
  const container = { environment: request.containerOverrides.environment };
  const place = index === undefined ? request.arrayProperties : { index: Number(index) };
  return { status: 'RUNNABLE', container, ...(place === undefined ? {} : { arrayProperties: place }), ...details[id] };
}

let runner: JobRunner;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  runner = runnerThatTries(1);
});

function runnerThatTries(attemptCountMax: number): JobRunner {
  const connection = batchConnection({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    attemptCountMax,
  });
  return batchJobRunner({ connection, jobQueue: 'spot', jobDefinition: 'process', manifestVariable: 'MANIFEST' });
}
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  jobs = [];
  details = {};
  describedCounts = [];
  nextSubmission = 'answers';
  submissionCount = 0;
});

const job = (granuleCount: number) => ({ jobName: 'cubelake-a', manifestId: 'a', granuleCount });

describe('AWS Batch as a job runner', () => {
  it('submits one granule as a plain job, because an array of one is refused, and more as an array', async () => {
    await runner.submit(job(1));
    await runner.submit({ ...job(200), jobName: 'cubelake-b' });
    expect(jobs.map(({ request }) => request.arrayProperties)).toEqual([undefined, { size: 200 }]);
    expect(jobs[0]!.request.containerOverrides.environment).toEqual([{ name: 'MANIFEST', value: 'a' }]);
  });

  it('submits a name once', async () => {
    await runner.submit(job(3));
    await runner.submit(job(3));
    expect(jobs).toHaveLength(1);
  });

  it('takes a submission whose answer was lost for done, after it has looked', async () => {
    nextSubmission = 'loses its answer';
    await runner.submit(job(3));
    expect(jobs).toHaveLength(1);
  });

  it('does not repeat a submission whose answer was lost, although it may try again: Batch would run the job twice', async () => {
    nextSubmission = 'loses its answer';
    await runnerThatTries(3).submit(job(3));
    expect(jobs).toHaveLength(1);
    expect(submissionCount).toBe(1);
  });

  it.each(['is throttled', 'fails'] as const)('tries again when a submission %s', async (mode) => {
    nextSubmission = mode;
    await runnerThatTries(3).submit(job(3));
    expect(jobs).toHaveLength(1);
    expect(submissionCount).toBe(2);
  });

  it('says that a submission that did not arrive may be tried again', async () => {
    nextSubmission = 'fails';
    await expect(runner.submit(job(3))).rejects.toThrow(TemporaryError);
    await runner.submit(job(3));
    expect(jobs).toHaveLength(1);
  });

  it('says what to correct where Batch refuses', async () => {
    nextSubmission = 'is refused';
    await expect(runner.submit(job(3))).rejects.toThrow(ConfigurationError);
  });

  it('does not know a job that nobody submitted', async () => {
    expect(await runner.describe('cubelake-none')).toBeNull();
  });

  it('describes an array with all of its children, a hundred at a time', async () => {
    await runner.submit(job(150));
    details = {
      'id-0': { status: 'FAILED' },
      'id-0:0': { status: 'SUCCEEDED', attempts: [{ container: { exitCode: 0 } }] },
      'id-0:1': {
        status: 'FAILED',
        statusReason: 'Essential container in task exited',
        attempts: [{ container: { reason: 'Host EC2 terminated' } }, { container: { exitCode: 65 } }],
      },
      'id-0:2': { status: 'RUNNING', attempts: [{ container: { exitCode: 75 } }] },
    };
    const state = await runner.describe('cubelake-a');
    expect(state).toMatchObject({ manifestId: 'a', status: 'failed' });
    expect(state!.children).toHaveLength(150);
    expect(state!.children.slice(0, 4)).toEqual([
      { index: 0, status: 'succeeded', attemptCount: 1, exitCode: 0, reason: null },
      { index: 1, status: 'failed', attemptCount: 2, exitCode: 65, reason: 'Essential container in task exited' },
      { index: 2, status: 'running', attemptCount: 1, exitCode: null, reason: null },
      { index: 3, status: 'waiting', attemptCount: 0, exitCode: null, reason: null },
    ]);
    expect(describedCounts).toEqual([1, 100, 50]);
  });
});
