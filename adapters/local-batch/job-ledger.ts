import { DatabaseSync } from 'node:sqlite';
import type { JobChildState, JobRequest, JobState, JobStatus } from '#core/ports/job-runner.ts';
import { useWriteAheadLog } from '#core/write-ahead-log.ts';

export interface JobTask {
  readonly jobName: string;
  readonly manifestId: string;
  readonly index: number;
  /** From 1. */
  readonly attempt: number;
}

interface AttemptEnd {
  readonly exitCode: number | null;
  readonly reason: string | null;
}

/** Jobs and their children in SQLite: several schedulers of one machine may share it. */
export class JobLedger {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 60_000 });
    useWriteAheadLog(this.#database);
    this.#database.exec(`
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS jobs (
        name TEXT PRIMARY KEY, manifest_id TEXT NOT NULL, announced INTEGER NOT NULL DEFAULT 0
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS children (
        job TEXT NOT NULL REFERENCES jobs, position INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'waiting',
        attempt_count INTEGER NOT NULL DEFAULT 0, not_before_ms INTEGER NOT NULL DEFAULT 0, scheduler_pid INTEGER,
        exit_code INTEGER, reason TEXT, PRIMARY KEY (job, position)
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS children_status ON children (status, not_before_ms);
    `);
  }

  add({ jobName, manifestId, granuleCount }: JobRequest): void {
    this.#exclusively(() => {
      const insert = this.#database.prepare('INSERT OR IGNORE INTO jobs (name, manifest_id) VALUES (?, ?)');
      if (insert.run(jobName, manifestId).changes === 0) return;
      const addChild = this.#database.prepare('INSERT INTO children (job, position) VALUES (?, ?)');
      for (let index = 0; index < granuleCount; index++) addChild.run(jobName, index);
    });
  }

  describe(jobName: string): JobState | null {
    const job = this.#database.prepare('SELECT manifest_id FROM jobs WHERE name = ?').get(jobName);
    if (job === undefined) return null;
    const rows = this.#database
      .prepare(
        'SELECT position, status, attempt_count, exit_code, reason FROM children WHERE job = ? ORDER BY position',
      )
      .all(jobName);
    const children = rows.map(
      (row): JobChildState => ({
        index: row['position'] as number,
        status: row['status'] as JobStatus,
        attemptCount: row['attempt_count'] as number,
        exitCode: row['exit_code'] as number | null,
        reason: row['reason'] as string | null,
      }),
    );
    return { jobName, manifestId: job['manifest_id'] as string, status: jobStatus(children), children };
  }

  /** Starts an attempt of the child that has waited longest; null when none may start now. */
  take(nowMs: number): JobTask | null {
    return this.#exclusively(() => {
      const row = this.#database
        .prepare(`
          SELECT job, position, manifest_id, attempt_count FROM children JOIN jobs ON name = job
          WHERE status = 'waiting' AND not_before_ms <= ? ORDER BY not_before_ms, job, position LIMIT 1
        `)
        .get(nowMs);
      if (row === undefined) return null;
      const task: JobTask = {
        jobName: row['job'] as string,
        manifestId: row['manifest_id'] as string,
        index: row['position'] as number,
        attempt: (row['attempt_count'] as number) + 1,
      };
      this.#update(task, { status: 'running', attempt_count: task.attempt, scheduler_pid: process.pid });
      return task;
    });
  }

  /** When the next waiting child may start; null when none waits. */
  nextStartMs(): number | null {
    const row = this.#database.prepare("SELECT min(not_before_ms) AS ms FROM children WHERE status = 'waiting'").get();
    return (row?.['ms'] as number | null | undefined) ?? null;
  }

  /** Children that run or wait. */
  openCount(): number {
    const row = this.#database
      .prepare("SELECT count(*) AS n FROM children WHERE status IN ('waiting', 'running')")
      .get();
    return row!['n'] as number;
  }

  finish(task: JobTask, { exitCode, reason, status }: AttemptEnd & { readonly status: JobStatus }): void {
    this.#update(task, { status, exit_code: exitCode, reason, scheduler_pid: null });
  }

  retry(task: JobTask, { exitCode, reason, notBeforeMs }: AttemptEnd & { readonly notBeforeMs: number }): void {
    const ended = { exit_code: exitCode, reason, scheduler_pid: null };
    this.#update(task, { status: 'waiting', not_before_ms: Math.ceil(notBeforeMs), ...ended });
  }

  /** An attempt that the user stopped does not count. */
  putBack(task: JobTask): void {
    this.#update(task, { status: 'waiting', attempt_count: task.attempt - 1, scheduler_pid: null });
  }

  /**
   * Running children whose scheduler is gone wait again. Their processes may live on; that is safe, because two attempts
   * of one granule write the same objects.
   */
  reviveOrphans(): void {
    this.#exclusively(() => {
      const rows = this.#database
        .prepare("SELECT DISTINCT scheduler_pid AS pid FROM children WHERE status = 'running'")
        .all();
      const revive = this.#database.prepare(`
        UPDATE children SET status = 'waiting', scheduler_pid = NULL, reason = 'Its scheduler died'
        WHERE status = 'running' AND scheduler_pid = ?
      `);
      for (const pid of rows.map((row) => row['pid'] as number)) if (!isAlive(pid)) revive.run(pid);
    });
  }

  unannounced(): { readonly jobName: string; readonly manifestId: string; readonly status: 'succeeded' | 'failed' }[] {
    const rows = this.#database
      .prepare(`
        SELECT name, manifest_id, sum(status = 'failed') AS failed_count FROM jobs JOIN children ON job = name
        WHERE announced = 0 GROUP BY name HAVING sum(status IN ('waiting', 'running')) = 0 ORDER BY name
      `)
      .all();
    return rows.map((row) => ({
      jobName: row['name'] as string,
      manifestId: row['manifest_id'] as string,
      status: row['failed_count'] === 0 ? 'succeeded' : 'failed',
    }));
  }

  announced(jobName: string): void {
    this.#database.prepare('UPDATE jobs SET announced = 1 WHERE name = ?').run(jobName);
  }

  close(): void {
    this.#database.close();
  }

  #update(task: JobTask, values: Readonly<Record<string, string | number | null>>): void {
    const assignments = Object.keys(values).map((column) => `${column} = ?`);
    this.#database
      .prepare(`UPDATE children SET ${assignments.join(', ')} WHERE job = ? AND position = ?`)
      .run(...Object.values(values), task.jobName, task.index);
  }

  #exclusively<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** As AWS Batch sees an array job: failed if any child failed, once all have ended. */
function jobStatus(children: readonly JobChildState[]): JobStatus {
  const has = (status: JobStatus): boolean => children.some((child) => child.status === status);
  if (has('running') || (has('waiting') && children.some((child) => child.status !== 'waiting'))) return 'running';
  if (has('waiting')) return 'waiting';
  return has('failed') ? 'failed' : 'succeeded';
}

/** A child of this very process that it does not know of belongs to an earlier process with the same id. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
