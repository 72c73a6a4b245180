import { availableParallelism } from 'node:os';
import { invariant } from '#core/errors.ts';
import { jobAttemptCountMax } from '#core/limits.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { JobRequest, JobRunner, JobState } from '#core/ports/job-runner.ts';
import { JobLedger, type JobTask } from './job-ledger.ts';
import { runChild } from './run-child.ts';

export interface LocalBatchOptions {
  /** Database that outlives this process: a later one goes on where this one was killed. */
  readonly databasePath: string;
  /** Folder of what the children print: `<job>/<index>.<attempt>.log`. */
  readonly logFolder: string;
  /** Program and first arguments of a child, e.g. `[node, batch-jobs/process-granule/main.ts]`. */
  readonly command: readonly string[];
  /** Variables of every child besides those of `variables`; nothing is inherited from this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the variables that say what to do: the child's own configuration reads them. */
  readonly variables: Readonly<Record<'manifestId' | 'granuleIndex' | 'attempt' | 'threads', string>>;
  readonly clock: Clock;
  /** Children at a time; one per processor when absent. */
  readonly concurrency?: number;
  /** Wait before the second attempt, doubled for each further one; 1 s when absent. */
  readonly retryDelayMs?: number;
  /** Each line that a child prints on standard output, while it runs. */
  readonly onLine?: (line: string) => void;
  /** Called once a job has ended, again if this process is killed before it returns. */
  readonly onJobEnd: (manifestId: string, status: 'succeeded' | 'failed') => Promise<void>;
}

export interface LocalBatch extends JobRunner {
  /** Runs children until none waits. Children of a scheduler that died start again. */
  drain(signal?: AbortSignal): Promise<void>;
  close(): void;
}

const retryDelayMsDefault = 1000;
const retryExitCode = 75;

/** Batch jobs as child processes of this one. Attempts, retries and array jobs are as in AWS Batch. */
export function localBatch(options: LocalBatchOptions): LocalBatch {
  return new LocalJobRunner(options, new JobLedger(options.databasePath));
}

class LocalJobRunner implements LocalBatch {
  readonly #options: LocalBatchOptions;
  readonly #ledger: JobLedger;
  readonly #concurrency: number;

  constructor(options: LocalBatchOptions, ledger: JobLedger) {
    this.#options = options;
    this.#ledger = ledger;
    this.#concurrency = Math.max(1, options.concurrency ?? availableParallelism());
  }

  async submit(job: JobRequest): Promise<void> {
    invariant(/^[a-zA-Z0-9_-]{1,128}$/.test(job.jobName), 'Expected a job name', { jobName: job.jobName });
    this.#ledger.add(job);
  }

  async describe(jobName: string): Promise<JobState | null> {
    return this.#ledger.describe(jobName);
  }

  close(): void {
    this.#ledger.close();
  }

  async drain(signal?: AbortSignal): Promise<void> {
    this.#ledger.reviveOrphans();
    await this.#announceEnds();
    await Promise.all(Array.from({ length: this.#concurrency }, () => this.#work(signal)));
    await this.#announceEnds();
  }

  /** Takes one child after the other until none is left that this process may take. */
  async #work(signal: AbortSignal | undefined): Promise<void> {
    while (signal?.aborted !== true) {
      const task = this.#ledger.take(this.#options.clock.nowMs());
      if (task !== null) {
        await this.#run(task, signal);
        await this.#announceEnds();
        continue;
      }
      const nextMs = this.#ledger.nextStartMs();
      if (nextMs === null) return;
      await this.#options.clock.sleepMs(Math.max(1, nextMs - this.#options.clock.nowMs()));
    }
  }

  async #run(task: JobTask, signal: AbortSignal | undefined): Promise<void> {
    const { command, environment, variables, logFolder, clock, onLine } = this.#options;
    const end = await runChild({
      command,
      environment: {
        ...environment,
        [variables.manifestId]: task.manifestId,
        [variables.granuleIndex]: String(task.index),
        [variables.attempt]: String(task.attempt),
        [variables.threads]: String(this.#threadCount()),
      },
      logPath: `${logFolder}/${task.jobName}/${task.index}.${task.attempt}.log`,
      ...(signal === undefined ? {} : { signal }),
      ...(onLine === undefined ? {} : { onLine }),
    });
    if (end.exitCode === 0) return this.#ledger.finish(task, { ...end, reason: null, status: 'succeeded' });
    const isStopped = signal?.aborted === true;
    const mayRetry = end.exitCode === null || end.exitCode === retryExitCode;
    if (mayRetry && isStopped) return this.#ledger.putBack(task);
    if (!mayRetry || task.attempt >= jobAttemptCountMax) return this.#ledger.finish(task, { ...end, status: 'failed' });
    const delayMs = (this.#options.retryDelayMs ?? retryDelayMsDefault) * 2 ** (task.attempt - 1);
    this.#ledger.retry(task, { ...end, notBeforeMs: clock.nowMs() + delayMs });
  }

  /** The last children of a job share the processors that the others have left. */
  #threadCount(): number {
    const openCount = Math.max(1, this.#ledger.openCount());
    return Math.max(1, Math.floor(this.#concurrency / Math.min(this.#concurrency, openCount)));
  }

  async #announceEnds(): Promise<void> {
    for (const job of this.#ledger.unannounced()) {
      await this.#options.onJobEnd(job.manifestId, job.status);
      this.#ledger.announced(job.jobName);
    }
  }
}
