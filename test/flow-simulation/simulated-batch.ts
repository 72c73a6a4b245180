import { CubelakeError, exitCodeOf, TemporaryError } from '#core/errors.ts';
import { jobAttemptCountMax } from '#core/limits.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { processGranule } from '#core/pipeline/process-granule.ts';
import type { JobChildState, JobRequest, JobRunner, JobState, JobStatus } from '#core/ports/job-runner.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { childState } from '../flow/in-process-runner.ts';
import type { SimulatedCall, SimulatedProcess, SimulatedWorld } from '../properties/simulated-world.ts';

interface Job {
  readonly manifestId: string;
  readonly children: JobChildState[];
}

export interface BatchServices {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly payloads: readonly Payload[];
  /** A child or the whole job ended. */
  readonly onEnd: (manifestId: string, status: 'succeeded' | 'failed', isWhole: boolean) => void;
}

/** AWS Batch on Spot: throttles, reclaims hosts in the middle of an attempt, and now and then runs one attempt twice at once. */
export class SimulatedBatch {
  readonly #world: SimulatedWorld;
  readonly #services: BatchServices;
  readonly #jobs = new Map<string, Job>();
  isThrottling = false;
  /** Hosts are taken back in the middle of an attempt. */
  isOnSpot = true;
  reclaimCount = 0;

  constructor(world: SimulatedWorld, services: BatchServices) {
    this.#world = world;
    this.#services = services;
  }

  runner(call: SimulatedCall): JobRunner {
    return {
      submit: (job) => call('submit', () => this.#submit(job)),
      describe: (jobName) => call('describe', async () => this.#describe(jobName)),
    };
  }

  get runningCount(): number {
    return [...this.#jobs.values()].flatMap(({ children }) => children).filter(({ status }) => status === 'waiting')
      .length;
  }

  /** One attempt of some of the children that wait. */
  async runSome(countMax: number): Promise<void> {
    const waiting = [...this.#jobs.values()].flatMap((job) =>
      job.children.filter(({ status }) => status === 'waiting').map(({ index }) => ({ job, index })),
    );
    const chosen = this.#world.random.shuffle(waiting).slice(0, countMax);
    await Promise.all(chosen.map(({ job, index }) => this.#attempt(job, index)));
  }

  async #submit({ jobName, manifestId, granuleCount }: JobRequest): Promise<void> {
    if (this.isThrottling && this.#world.random.uniform() < 0.5)
      throw new TemporaryError('Expected a job, got TooManyRequestsException. Try again.');
    if (this.#jobs.has(jobName)) return;
    const children = Array.from({ length: granuleCount }, (_, index) => childState(index, 'waiting', 0, null, null));
    this.#jobs.set(jobName, { manifestId, children });
  }

  #describe(jobName: string): JobState | null {
    const job = this.#jobs.get(jobName);
    if (job === undefined) return null;
    return { jobName, manifestId: job.manifestId, status: statusOf(job), children: [...job.children] };
  }

  async #attempt(job: Job, index: number): Promise<void> {
    const twice = this.#world.random.uniform() < 0.05;
    const [first] = await Promise.all([this.#work(job, index), ...(twice ? [this.#work(job, index)] : [])]);
    const { attemptCount } = job.children[index]!;
    const attempt = attemptCount + 1;
    const canRetry = attempt < jobAttemptCountMax;
    if (first === 'killed') {
      this.reclaimCount++;
      const reason = 'Host EC2 (instance i-0) terminated.';
      job.children[index] = childState(index, canRetry ? 'waiting' : 'failed', attempt, null, reason);
    } else if (first === null) job.children[index] = childState(index, 'succeeded', attempt, 0, null);
    else {
      const status = first.disposition === 'retry' && canRetry ? 'waiting' : 'failed';
      job.children[index] = childState(index, status, attempt, exitCodeOf(first), first.message);
    }
    const { status } = job.children[index]!;
    if (status !== 'waiting') this.#tell(job, status === 'succeeded' ? 'succeeded' : 'failed');
  }

  #tell(job: Job, ofChild: 'succeeded' | 'failed'): void {
    const status = statusOf(job);
    const isWhole = status === 'succeeded' || status === 'failed';
    this.#services.onEnd(job.manifestId, isWhole ? status : ofChild, isWhole);
  }

  async #reclaim(process: SimulatedProcess): Promise<void> {
    for (let left = this.#world.random.index(12); left > 0; left--) await this.#world.turn();
    process.kill();
  }

  /** @returns What ended the attempt: null for success. */
  #work(job: Job, granuleIndex: number): Promise<'killed' | null | CubelakeError> {
    const process: SimulatedProcess = this.#world.process();
    const { raw, warehouse, payloads } = this.#services;
    const stores = { raw: process.storeOf(raw), warehouse: process.storeOf(warehouse) };
    if (this.isOnSpot && this.#world.random.uniform() < 0.1) void this.#reclaim(process);
    const { manifestId } = job;
    const work = processGranule({
      ...stores,
      payloads,
      manifestId,
      granuleIndex,
      progress: silentProgress,
      step: () => {},
    });
    return Promise.race([
      work.then(
        () => null,
        (error: unknown) => {
          if (error instanceof CubelakeError) return error;
          throw error;
        },
      ),
      process.killed,
    ]);
  }
}

function statusOf({ children }: Job): JobStatus {
  if (children.some(({ status }) => status === 'waiting')) return 'running';
  return children.some(({ status }) => status === 'failed') ? 'failed' : 'succeeded';
}
