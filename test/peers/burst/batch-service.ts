// AWS Batch for a burst: node batch-service.ts SETTINGS.json. moto keeps what was submitted and answers who asks, but runs
// nothing. This process stands in front of it: it runs what moto lists, as processes with a container's environment, under
// the retry rules of the job definition; answers of moto about jobs tell what became of those processes; and ends are
// announced as the event of Batch. Some submissions are throttled, and of some the answer is lost.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Batch, type JobDetail } from '@aws-sdk/client-batch';
import { motoRequest } from './moto-request.ts';
import { seededNumbers, startKillable } from './processes.ts';

export interface BatchSettings {
  readonly motoUri: string;
  readonly pidFolder: string;
  readonly jobQueue: string;
  readonly seed: number;
  readonly processCountMax: number;
}

interface Attempt {
  readonly exitCode: number | null;
  readonly reason: string | null;
}

interface Task {
  /** `id`, or `id:index` for a child of an array. */
  readonly jobId: string;
  readonly index: number | null;
  readonly attempts: Attempt[];
  status: 'RUNNABLE' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
}

interface Job {
  readonly jobId: string;
  readonly jobName: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly tasks: readonly Task[];
  isAnnounced: boolean;
}

/** The rules of infra/batch-jobs.ts: a host that was reclaimed and exit code 75 are tried again, five times in all. */
const [attemptCountMax, retryExitCode] = [5, 75];
const root = join(import.meta.dirname, '../../..');
const settings = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as BatchSettings;
const moto = new Batch({ endpoint: settings.motoUri, region: 'us-east-1' });
const nextNumber = seededNumbers(settings.seed);
const jobs = new Map<string, Job>();
const counts = { submissions: 0, throttled: 0, lost: 0, attempts: 0 };
let runningCount = 0;

function statusOf({ tasks }: Job): Task['status'] {
  if (tasks.every(({ status }) => status === 'SUCCEEDED')) return 'SUCCEEDED';
  const hasEnded = tasks.every(({ status }) => status === 'SUCCEEDED' || status === 'FAILED');
  if (hasEnded) return 'FAILED';
  return tasks.some(({ status }) => status === 'RUNNING') ? 'RUNNING' : 'RUNNABLE';
}

/** Takes over what moto has and this process does not know yet. */
async function takeSubmitted(): Promise<void> {
  const filters = [{ name: 'JOB_NAME', values: ['*'] }];
  const { jobSummaryList = [] } = await moto.listJobs({ jobQueue: settings.jobQueue, filters });
  const ids = jobSummaryList.map(({ jobId }) => jobId!).filter((jobId) => !jobId.includes(':') && !jobs.has(jobId));
  for (const jobId of ids) {
    const { jobs: found = [] } = await moto.describeJobs({ jobs: [jobId] });
    const [detail] = found;
    if (detail !== undefined) jobs.set(jobId, jobOf(detail));
  }
}

function jobOf({ jobId, jobName, arrayProperties, container }: JobDetail): Job {
  const indices =
    arrayProperties?.size === undefined ? [null] : Array.from({ length: arrayProperties.size }, (_, i) => i);
  const tasks = indices.map((index): Task => {
    return { jobId: index === null ? jobId! : `${jobId}:${index}`, index, attempts: [], status: 'RUNNABLE' };
  });
  const variables = Object.fromEntries((container?.environment ?? []).map(({ name, value }) => [name!, value!]));
  return { jobId: jobId!, jobName: jobName!, variables, tasks, isAnnounced: false };
}

function startWaiting(): void {
  for (const job of jobs.values()) {
    for (const task of job.tasks) {
      if (runningCount >= settings.processCountMax) return;
      if (task.status === 'RUNNABLE') startAttempt(job, task);
    }
  }
}

function startAttempt(job: Job, task: Task): void {
  task.status = 'RUNNING';
  runningCount++;
  counts.attempts++;
  const env = {
    PATH: process.env['PATH'],
    ...job.variables,
    ...(task.index === null ? {} : { AWS_BATCH_JOB_ARRAY_INDEX: String(task.index) }),
    AWS_BATCH_JOB_ATTEMPT: String(task.attempts.length + 1),
  };
  const script = [join(root, 'batch-jobs/process-granule/main.ts')];
  const child = startKillable(settings.pidFolder, 'job', script, { env, hasChannel: false });
  child.once('close', (exitCode) => {
    runningCount--;
    const reason = exitCode === null ? 'Host EC2 (instance i-0123456789abcdef0) terminated.' : null;
    task.attempts.push({ exitCode, reason });
    const isRetried = (exitCode === null || exitCode === retryExitCode) && task.attempts.length < attemptCountMax;
    task.status = exitCode === 0 ? 'SUCCEEDED' : isRetried ? 'RUNNABLE' : 'FAILED';
    startWaiting();
  });
}

/** Through EventBridge of moto, whose rule sends it to the FIFO queue. */
async function announceEnds(): Promise<void> {
  for (const job of jobs.values()) {
    const status = statusOf(job);
    if (job.isAnnounced || (status !== 'SUCCEEDED' && status !== 'FAILED')) continue;
    const Detail = JSON.stringify({ jobName: job.jobName, jobId: job.jobId, status, jobQueue: settings.jobQueue });
    const entry = { Source: 'aws.batch', DetailType: 'Batch Job State Change', Detail };
    await motoRequest(settings.motoUri, 'events', 'AWSEvents.PutEvents', { Entries: [entry] });
    job.isAnnounced = true;
  }
}

interface Said {
  readonly jobId: string;
  readonly container?: object;
}

/** What became of a job or child here, over what moto believes. */
function truthOf(said: Said): object {
  const [parentId] = said.jobId.split(':');
  const job = jobs.get(parentId!);
  const task = job?.tasks.find(({ jobId }) => jobId === said.jobId);
  const status = job === undefined ? 'SUBMITTED' : (task?.status ?? statusOf(job));
  const last = task?.attempts.at(-1);
  return {
    ...said,
    status,
    // moto does not tell the place of a child.
    ...(task?.index == null ? {} : { arrayProperties: { index: task.index } }),
    attempts: task?.attempts.map(({ exitCode, reason }) => ({ container: endOf(exitCode, reason) })) ?? [],
    container: { ...said.container, ...(last === undefined ? {} : endOf(last.exitCode, last.reason)) },
    statusReason: last?.reason ?? (status === 'FAILED' ? 'Essential container in task exited' : undefined),
  };
}

function endOf(exitCode: number | null, reason: string | null): object {
  return { ...(exitCode === null ? {} : { exitCode }), ...(reason === null ? {} : { reason }) };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const path = request.url!;
  if (path === '/burst/counts') return void response.end(JSON.stringify(counts));
  const luck = path === '/v1/submitjob' ? nextNumber() : 1;
  if (path === '/v1/submitjob') counts.submissions++;
  if (luck < 0.2) {
    counts.throttled++;
    response.writeHead(429, { 'content-type': 'application/json', 'x-amzn-errortype': 'TooManyRequestsException' });
    return void response.end('{"message":"Too Many Requests"}');
  }
  const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' };
  const said = await fetch(settings.motoUri + path, { method: request.method!, headers, body: Buffer.concat(parts) });
  const text = await said.text();
  if (luck < 0.4) {
    counts.lost++;
    return void request.socket.destroy();
  }
  response.writeHead(said.status, { 'content-type': 'application/json' });
  response.end(said.ok ? JSON.stringify(withTruth(JSON.parse(text || '{}'))) : text);
}

function withTruth(body: { jobs?: Said[]; jobSummaryList?: Said[] }): object {
  if (body.jobs !== undefined) return { ...body, jobs: body.jobs.map(truthOf) };
  if (body.jobSummaryList === undefined) return body;
  // Children of arrays are not in a queue's list of real Batch.
  const parents = body.jobSummaryList.filter(({ jobId }) => !jobId.includes(':'));
  return { ...body, jobSummaryList: parents.map(truthOf) };
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => {
    console.error(`batch: ${error.message}`);
    request.socket.destroy();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
process.on('disconnect', () => process.exit(0));
process.send!({ uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
for (;;) {
  await takeSubmitted();
  startWaiting();
  await announceEnds();
  await new Promise((resolve) => setTimeout(resolve, 250));
}
