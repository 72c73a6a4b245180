import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Batch } from '@aws-sdk/client-batch';
import { type BatchJob, type JobTask, jobOf, statusOf } from './batch-jobs.ts';

export interface StandInOptions {
  /** Address of moto. */
  readonly motoUri: string;
  readonly jobQueue: string;
  readonly processCountMax: number;
  /** Runs one attempt. @returns the exit code; null when it was killed. */
  readonly run: (variables: Readonly<Record<string, string>>) => Promise<number | null>;
  readonly announce: (detail: Readonly<Record<string, string>>) => Promise<void>;
  /** What happens to the next submission. */
  readonly fate: () => 'answered' | 'throttled' | 'answer lost';
}

/** The rules of infra/batch-jobs.ts: a host that was reclaimed and exit code 75 are tried again, five times in all. */
export const attemptCountMax = 5;
const retryExitCode = 75;

/**
 * AWS Batch in front of moto, which keeps what was submitted and answers who asks, but runs nothing. This runs what moto
 * lists, under the retry rules of the job definition; what moto says about jobs is corrected by what became of them here;
 * and ends are announced. Some submissions are throttled, and of some the answer is lost.
 */
export class BatchStandIn {
  readonly counts = { submissions: 0, throttled: 0, lost: 0, attempts: 0 };
  readonly #options: StandInOptions;
  readonly #moto: Batch;
  readonly #jobs = new Map<string, BatchJob>();
  readonly #server: Server;
  #runningCount = 0;

  constructor(options: StandInOptions) {
    this.#options = options;
    this.#moto = new Batch({ endpoint: options.motoUri, region: 'us-east-1' });
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => request.socket.destroy());
    });
  }

  /** @returns The address to send requests of Batch to. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** One look: takes over what was submitted, starts what waits, announces what has ended. @returns false when all is done. */
  async turn(): Promise<boolean> {
    await this.#takeSubmitted();
    this.#startWaiting();
    await this.#announceEnds();
    return [...this.#jobs.values()].some(({ isAnnounced }) => !isAnnounced);
  }

  /** Takes over what moto has and this does not know yet. */
  async #takeSubmitted(): Promise<void> {
    const filters = [{ name: 'JOB_NAME', values: ['*'] }];
    const { jobSummaryList = [] } = await this.#moto.listJobs({ jobQueue: this.#options.jobQueue, filters });
    for (const { jobId } of jobSummaryList) {
      if (isChild(jobId!) || this.#jobs.has(jobId!)) continue;
      const { jobs = [] } = await this.#moto.describeJobs({ jobs: [jobId!] });
      for (const detail of jobs) this.#jobs.set(jobId!, jobOf(detail));
    }
  }

  /** What was tried least often first: a child that was killed queues up again. */
  #startWaiting(): void {
    const waiting = [...this.#jobs.values()].flatMap((job) =>
      job.tasks.filter(({ status }) => status === 'RUNNABLE').map((task) => ({ job, task })),
    );
    const free = this.#options.processCountMax - this.#runningCount;
    waiting.sort((left, right) => left.task.attempts.length - right.task.attempts.length);
    for (const { job, task } of waiting.slice(0, free)) void this.#attempt(job, task);
  }

  async #attempt(job: BatchJob, task: JobTask): Promise<void> {
    task.status = 'RUNNING';
    this.#runningCount++;
    this.counts.attempts++;
    const exitCode = await this.#options.run({
      ...job.variables,
      ...(task.index === null ? {} : { AWS_BATCH_JOB_ARRAY_INDEX: String(task.index) }),
      AWS_BATCH_JOB_ATTEMPT: String(task.attempts.length + 1),
    });
    this.#runningCount--;
    const reason = exitCode === null ? 'Host EC2 (instance i-0123456789abcdef0) terminated.' : null;
    task.attempts.push({ exitCode, reason });
    const isRetried = (exitCode === null || exitCode === retryExitCode) && task.attempts.length < attemptCountMax;
    task.status = exitCode === 0 ? 'SUCCEEDED' : isRetried ? 'RUNNABLE' : 'FAILED';
    this.#startWaiting();
  }

  async #announceEnds(): Promise<void> {
    const { jobQueue, announce } = this.#options;
    for (const job of this.#jobs.values()) {
      const status = statusOf(job);
      if (job.isAnnounced || (status !== 'SUCCEEDED' && status !== 'FAILED')) continue;
      const { jobName, jobId } = job;
      await announce({ jobName, jobId, status, jobQueue });
      job.isAnnounced = true;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const isSubmission = request.url === '/v1/submitjob';
    const fate = isSubmission ? this.#options.fate() : 'answered';
    if (isSubmission) this.counts.submissions++;
    if (fate === 'throttled') {
      this.counts.throttled++;
      response.writeHead(429, { 'content-type': 'application/json', 'x-amzn-errortype': 'TooManyRequestsException' });
      return void response.end('{"message":"Too Many Requests"}');
    }
    const said = await fetch(this.#options.motoUri + request.url, {
      method: request.method!,
      headers: { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' },
      body: Buffer.concat(parts),
    });
    const text = await said.text();
    if (fate === 'answer lost') {
      this.counts.lost++;
      return void request.socket.destroy();
    }
    const error = said.headers.get('x-amzn-errortype');
    response.writeHead(said.status, {
      'content-type': 'application/json',
      ...(error === null ? {} : { 'x-amzn-errortype': error }),
    });
    response.end(said.ok ? JSON.stringify(this.#withTruth(JSON.parse(text || '{}'))) : text);
  }

  #withTruth(body: { jobs?: SaidJob[]; jobSummaryList?: SaidJob[] }): object {
    if (body.jobs !== undefined) return { ...body, jobs: body.jobs.map((said) => this.#truthOf(said)) };
    if (body.jobSummaryList === undefined) return body;
    // moto lists children of arrays in their queue too; Batch does not.
    const parents = body.jobSummaryList.filter(({ jobId }) => !isChild(jobId));
    return { ...body, jobSummaryList: parents.map((said) => this.#truthOf(said)) };
  }

  /** What became of a job or child here, over what moto believes. */
  #truthOf(said: SaidJob): object {
    const job = this.#jobs.get(said.jobId.split(':')[0]!);
    const task = job?.tasks.find(({ jobId }) => jobId === said.jobId);
    const status = job === undefined ? 'SUBMITTED' : (task?.status ?? statusOf(job));
    const ends = task?.attempts.map(endOf) ?? [];
    return {
      ...said,
      status,
      // moto does not tell the place of a child.
      ...(task?.index == null ? {} : { arrayProperties: { index: task.index } }),
      attempts: ends.map((container) => ({ container })),
      container: { ...said.container, ...ends.at(-1) },
      statusReason:
        task?.attempts.at(-1)?.reason ?? (status === 'FAILED' ? 'Essential container in task exited' : null),
    };
  }
}

interface SaidJob {
  readonly jobId: string;
  readonly container?: object;
}

const isChild = (jobId: string): boolean => jobId.includes(':');

function endOf({ exitCode, reason }: JobTask['attempts'][number]): object {
  return { ...(exitCode === null ? {} : { exitCode }), ...(reason === null ? {} : { reason }) };
}
