import { describe, expect, it } from 'vitest';
import { jobAttemptCountMax } from '#core/limits.ts';
import type { JobRunner } from '#core/ports/job-runner.ts';

/** How a child ends in its attempts: exit codes, or `killed`; the last one repeats. */
export type ChildScript = readonly (number | 'killed')[];

export interface JobRunnerUnderTest {
  readonly runner: JobRunner;
  /** Runs everything that was submitted to its end. */
  drain(): Promise<void>;
  /** Manifest ids of the jobs whose end was announced, in order. */
  readonly ended: readonly string[];
  /** `child.attempt` of every start, sorted. */
  starts(): readonly string[];
}

export const job = (granuleCount: number, name = 'cubelake-job'): Parameters<JobRunner['submit']>[0] => ({
  jobName: name,
  manifestId: `manifest of ${name}`,
  granuleCount,
});

/** What every job runner promises. `create` returns one whose children follow the scripts by their index. */
export function jobRunnerConformance(
  name: string,
  create: (scripts: readonly ChildScript[]) => JobRunnerUnderTest,
): void {
  describe(`${name} as a job runner`, () => {
    it('does not know a job that nobody submitted', async () => {
      expect(await create([]).runner.describe('cubelake-none')).toBeNull();
    });

    it('runs a plain job and an array job', async () => {
      const { runner, drain, ended, starts } = create([[0], [0], [0]]);
      await runner.submit(job(1, 'plain'));
      await runner.submit(job(3, 'array'));
      expect(await runner.describe('array')).toMatchObject({ status: 'waiting', manifestId: 'manifest of array' });
      await drain();
      const child = { status: 'succeeded', attemptCount: 1, exitCode: 0, reason: null };
      expect(await runner.describe('plain')).toMatchObject({ status: 'succeeded', children: [{ index: 0, ...child }] });
      expect((await runner.describe('array'))?.children).toEqual([0, 1, 2].map((index) => ({ index, ...child })));
      expect(ended.toSorted()).toEqual(['manifest of array', 'manifest of plain']);
      expect(starts()).toEqual(['0.1', '0.1', '1.1', '2.1']);
    });

    it('does nothing for a name that was submitted before, also after the job has ended', async () => {
      const { runner, drain, ended, starts } = create([[0]]);
      await runner.submit(job(1));
      await runner.submit(job(1));
      await drain();
      await runner.submit(job(1));
      await drain();
      expect(starts()).toEqual(['0.1']);
      expect(ended).toHaveLength(1);
    });

    it('tries again after exit code 75 and after a kill, and no more often than allowed', async () => {
      const { runner, drain, starts } = create([[75, 'killed', 0], [75], ['killed']]);
      await runner.submit(job(3));
      await drain();
      expect(await runner.describe('cubelake-job')).toMatchObject({
        status: 'failed',
        children: [
          { status: 'succeeded', attemptCount: 3, exitCode: 0, reason: null },
          { status: 'failed', attemptCount: jobAttemptCountMax, exitCode: 75 },
          { status: 'failed', attemptCount: jobAttemptCountMax, exitCode: null },
        ],
      });
      expect(starts()).toHaveLength(3 + 2 * jobAttemptCountMax);
    });

    it.each([65, 70, 78, 1])('does not try again after exit code %i, and runs the other children', async (exitCode) => {
      const { runner, drain, ended } = create([[0], [exitCode], [0]]);
      await runner.submit(job(3));
      await drain();
      const state = await runner.describe('cubelake-job');
      expect(state?.status).toBe('failed');
      expect(state?.children.map((child) => child.status)).toEqual(['succeeded', 'failed', 'succeeded']);
      expect(state?.children[1]).toMatchObject({ attemptCount: 1, exitCode });
      expect(ended).toEqual(['manifest of cubelake-job']);
    });
  });
}
