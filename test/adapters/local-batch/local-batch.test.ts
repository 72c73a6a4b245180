import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { JobLedger } from '#adapters/local-batch/job-ledger.ts';
import { type LocalBatch, type LocalBatchOptions, localBatch } from '#adapters/local-batch/local-batch.ts';
import { jobLogBytesMax } from '#core/limits.ts';
import { type ChildScript, type JobRunnerUnderTest, job, jobRunnerConformance } from '../../conformance/job-runner.ts';
import { testClock } from '../../conformance/test-clock.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-jobs-'));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Scripted extends JobRunnerUnderTest {
  readonly runner: LocalBatch;
  readonly folder: string;
}

function create(
  scripts: readonly (ChildScript | readonly ['wait'])[],
  folder = mkdtempSync(join(scratch, 'job-')),
  options: Partial<LocalBatchOptions> & { readonly noiseBytes?: number } = {},
): Scripted {
  const ended: string[] = [];
  const startsPath = join(folder, 'starts');
  const runner = localBatch({
    databasePath: join(folder, 'jobs.sqlite'),
    logFolder: join(folder, 'logs'),
    command: [process.execPath, join(import.meta.dirname, 'scripted-child.ts')],
    environment: { SCRIPTS: JSON.stringify(scripts), STARTS: startsPath, NOISE: String(options.noiseBytes ?? 0) },
    variables: { manifestId: 'MANIFEST', granuleIndex: 'INDEX', attempt: 'ATTEMPT', threads: 'THREADS' },
    clock: testClock(),
    onJobEnd: async (manifestId) => void ended.push(manifestId),
    ...options,
  });
  return {
    runner,
    folder,
    ended,
    drain: () => runner.drain(),
    starts: () => (existsSync(startsPath) ? readFileSync(startsPath, 'utf8').trim().split('\n').toSorted() : []),
  };
}

jobRunnerConformance('child processes', create);

describe('jobs as child processes', () => {
  it('keeps what a child printed, up to a bound, and its last words as the reason', async () => {
    const { runner, drain, folder } = create([[65]], undefined, { noiseBytes: 3 * jobLogBytesMax });
    await runner.submit(job(1));
    await drain();
    expect((await runner.describe('cubelake-job'))?.children[0]?.reason).toBe('child 0 ends with 65');
    const log = join(folder, 'logs', 'cubelake-job', '0.1.log');
    expect(statSync(log).size).toBe(jobLogBytesMax);
    expect(readFileSync(log, 'utf8')).toMatch(/^threads \d+\n/);
  });

  it('says which signal killed a child, and when the program cannot be started', async () => {
    const { runner, drain } = create([['killed']]);
    await runner.submit(job(1));
    await drain();
    expect((await runner.describe('cubelake-job'))?.children[0]?.reason).toBe('killed by SIGKILL');
    const broken = create([[0]], undefined, { command: ['/no/such/program'] });
    await broken.runner.submit(job(1));
    await broken.drain();
    expect((await broken.runner.describe('cubelake-job'))?.children[0]?.reason).toContain('could not start');
  });

  it('gives one child all threads and four children one each', async () => {
    const alone = create([[0]], undefined, { concurrency: 4 });
    await alone.runner.submit(job(1));
    await alone.drain();
    const log = (folder: string, index: number): string =>
      readFileSync(join(folder, 'logs', 'cubelake-job', `${index}.1.log`), 'utf8');
    expect(log(alone.folder, 0)).toBe('threads 4\n');
    const many = create([[0], [0], [0], [0], [0]], undefined, { concurrency: 4 });
    await many.runner.submit(job(5));
    await many.drain();
    expect(log(many.folder, 0)).toBe('threads 1\n');
  });

  it('starts children again whose scheduler died, and tells of an end that was not told', async () => {
    const folder = mkdtempSync(join(scratch, 'job-'));
    const before = create([[0], [0]], folder, {
      onJobEnd: async () => {
        throw new Error('died while telling');
      },
    });
    await before.runner.submit(job(2));
    const ledger = new JobLedger(join(folder, 'jobs.sqlite'));
    // A child that this process's id has taken, but that this process does not run: an earlier process had the same id.
    expect(ledger.take(Number.MAX_SAFE_INTEGER)).toMatchObject({ index: 0, attempt: 1 });
    await expect(before.drain()).rejects.toThrow('died while telling');
    before.runner.close();
    const after = create([[0], [0]], folder);
    await after.drain();
    expect(after.ended).toEqual(['manifest of cubelake-job']);
    expect((await after.runner.describe('cubelake-job'))?.children.map((child) => child.attemptCount)).toEqual([2, 1]);
    await after.drain();
    expect(after.ended).toHaveLength(1);
  });

  it('stops its children when it is told to stop, and they wait for the next scheduler with no attempt spent', async () => {
    const { runner, folder, starts } = create([['wait'], ['wait']], undefined, { concurrency: 1 });
    await runner.submit(job(2));
    const stop = new AbortController();
    const log = join(folder, 'logs', 'cubelake-job', '0.1.log');
    const watcher = watch(folder, { recursive: true }, () => {
      if (existsSync(log) && statSync(log).size > 0) stop.abort();
    });
    await runner.drain(stop.signal);
    watcher.close();
    expect(starts()).toEqual(['0.1']);
    expect(await runner.describe('cubelake-job')).toMatchObject({
      status: 'waiting',
      children: [
        { status: 'waiting', attemptCount: 0 },
        { status: 'waiting', attemptCount: 0 },
      ],
    });
  });
});
