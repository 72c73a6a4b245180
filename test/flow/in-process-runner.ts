import { CubelakeError, exitCodeOf } from '#core/errors.ts';
import { jobAttemptCountMax } from '#core/limits.ts';
import { jobEndedMessage } from '#core/pipeline/flow-messages.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { processGranule } from '#core/pipeline/process-granule.ts';
import type { JobChildState, JobRunner, JobState, JobStatus } from '#core/ports/job-runner.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { silentProgress } from '#core/ports/progress.ts';
import type { Queue } from '#core/ports/queue.ts';

export interface InProcessWorld {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly jobEvents: Queue;
  readonly payloads: readonly Payload[];
}

/** Jobs that outlive the run that submitted them, as they do in AWS Batch. */
export type JobTable = Map<string, { manifestId: string; children: JobChildState[]; isAnnounced: boolean }>;

/** Runs jobs in this process: for tests that crash thousands of times. */
export function inProcessRunner(jobs: JobTable): JobRunner & { drain(world: InProcessWorld): Promise<void> } {
  return {
    async submit({ jobName, manifestId, granuleCount }) {
      if (jobs.has(jobName)) return;
      const children = Array.from({ length: granuleCount }, (_, index) => childState(index, 'waiting', 0, null, null));
      jobs.set(jobName, { manifestId, children, isAnnounced: false });
    },
    async describe(jobName) {
      const job = jobs.get(jobName);
      return job === undefined ? null : describe(jobName, job);
    },
    async drain(world) {
      for (const job of jobs.values()) {
        for (const { index, attemptCount, status } of job.children) {
          if (status === 'waiting') job.children[index] = await runChild(world, job.manifestId, index, attemptCount);
        }
        if (job.isAnnounced) continue;
        await world.jobEvents.send([jobEndedMessage(job.manifestId, 'succeeded')]);
        job.isAnnounced = true;
      }
    },
  };
}

async function runChild(
  world: InProcessWorld,
  manifestId: string,
  granuleIndex: number,
  attemptCount: number,
): Promise<JobChildState> {
  for (let attempt = attemptCount + 1; ; attempt++) {
    try {
      await processGranule({ ...world, manifestId, granuleIndex, progress: silentProgress, step: () => {} });
      return childState(granuleIndex, 'succeeded', attempt, 0, null);
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
      const isHopeless = error.disposition !== 'retry' || attempt >= jobAttemptCountMax;
      if (isHopeless) return childState(granuleIndex, 'failed', attempt, exitCodeOf(error), error.message);
    }
  }
}

export function childState(
  index: number,
  status: JobStatus,
  attemptCount: number,
  exitCode: number | null,
  reason: string | null,
): JobChildState {
  return { index, status, attemptCount, exitCode, reason };
}

function describe(
  jobName: string,
  { manifestId, children }: { manifestId: string; children: JobChildState[] },
): JobState {
  const has = (status: JobStatus): boolean => children.some((child) => child.status === status);
  const status = has('waiting') ? 'waiting' : has('failed') ? 'failed' : 'succeeded';
  return { jobName, manifestId, status, children: [...children] };
}
