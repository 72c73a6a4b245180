/** Runs container jobs: AWS Batch in the cloud, child processes on a laptop and in the field. */
export interface JobRunner {
  /** Submitting a name that exists already does nothing: names are deterministic. */
  submit(job: JobRequest): Promise<void>;
  describe(jobName: string): Promise<JobState | null>;
}

export interface JobRequest {
  /** Deterministic, `[a-zA-Z0-9_-]{1,128}`: the manifest id is part of it. */
  readonly jobName: string;
  readonly manifestId: string;
  /** 1 is a plain job, more an array job whose children get the index 0..granuleCount-1. */
  readonly granuleCount: number;
}

export type JobStatus = 'waiting' | 'running' | 'succeeded' | 'failed';

export interface JobState {
  readonly jobName: string;
  readonly manifestId: string;
  readonly status: JobStatus;
  readonly children: readonly JobChildState[];
}

export interface JobChildState {
  readonly index: number;
  readonly status: JobStatus;
  readonly attemptCount: number;
  /** Of the last attempt; null while it runs and when a signal ended it. */
  readonly exitCode: number | null;
  readonly reason: string | null;
}
