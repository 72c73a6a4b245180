import type { JobDetail } from '@aws-sdk/client-batch';

/** A plain job, or a child of an array, as the stand-in for Batch knows it. */
export interface JobTask {
  /** `id`, or `id:index` for a child of an array. */
  readonly jobId: string;
  readonly index: number | null;
  readonly attempts: { readonly exitCode: number | null; readonly reason: string | null }[];
  status: 'RUNNABLE' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
}

export interface BatchJob {
  readonly jobId: string;
  readonly jobName: string;
  /** Environment of its containers: of the definition, under what the submission overrides. */
  readonly variables: Readonly<Record<string, string>>;
  readonly tasks: readonly JobTask[];
  isAnnounced: boolean;
}

/** A job as moto describes it, of which nothing has run. */
export function jobOf({ jobId, jobName, arrayProperties, container }: JobDetail): BatchJob {
  const size = arrayProperties?.size;
  const indices = size === undefined ? [null] : Array.from({ length: size }, (_, index) => index);
  const tasks = indices.map((index): JobTask => {
    return { jobId: index === null ? jobId! : `${jobId}:${index}`, index, attempts: [], status: 'RUNNABLE' };
  });
  const variables = Object.fromEntries((container?.environment ?? []).map(({ name, value }) => [name!, value!]));
  return { jobId: jobId!, jobName: jobName!, variables, tasks, isAnnounced: false };
}

export function statusOf({ tasks }: BatchJob): JobTask['status'] {
  if (tasks.every(({ status }) => status === 'SUCCEEDED')) return 'SUCCEEDED';
  const hasEnded = tasks.every(({ status }) => status === 'SUCCEEDED' || status === 'FAILED');
  if (hasEnded) return 'FAILED';
  return tasks.some(({ status }) => status === 'RUNNING') ? 'RUNNING' : 'RUNNABLE';
}
