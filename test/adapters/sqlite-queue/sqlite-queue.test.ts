import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { sqliteQueue } from '#adapters/sqlite-queue/sqlite-queue.ts';
import { ConfigurationError } from '#core/errors.ts';
import { queueConformance } from '../../conformance/queue.ts';
import { testClock } from '../../conformance/test-clock.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-queue-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const newPath = (): string => join(mkdtempSync(join(scratch, 'q-')), 'queue.sqlite');
const create = (path: string) => {
  const clock = testClock();
  const visibilityTimeoutMs = 30_000;
  return { queue: sqliteQueue({ path, name: 'events', clock, visibilityTimeoutMs }), clock, visibilityTimeoutMs };
};

queueConformance('SQLite in memory', () => create(':memory:'));
queueConformance('SQLite in a file', () => create(newPath()));

describe('a queue in an SQLite file', () => {
  it('keeps messages and receive counts when it is opened again', async () => {
    const path = newPath();
    const clock = testClock();
    const before = sqliteQueue({ path, name: 'events', clock });
    await before.send(['a', 'b']);
    await before.receive(1);
    before.close();
    const after = sqliteQueue({ path, name: 'events', clock });
    expect(await after.depth()).toMatchObject({ visibleCount: 1, hiddenCount: 1 });
    clock.advance(12 * 3600 * 1000);
    expect((await after.receive(10)).map(({ receiveCount }) => receiveCount).toSorted()).toEqual([1, 2]);
  });

  it('keeps two queues of one file apart', async () => {
    const path = newPath();
    const clock = testClock();
    const events = sqliteQueue({ path, name: 'events', clock });
    const jobs = sqliteQueue({ path, name: 'job events', clock });
    await events.send(['event']);
    const [event] = await events.receive(1);
    await jobs.delete([event!.receipt]);
    expect(await jobs.receive(10)).toEqual([]);
    expect((await events.depth()).hiddenCount).toBe(1);
  });

  it('delivers each message to one of three processes', async () => {
    const path = newPath();
    const bodies = Array.from({ length: 90 }, (_, number) => `message ${number}`);
    await sqliteQueue({ path, name: 'events', clock: testClock() }).send(bodies);
    const consumer = join(import.meta.dirname, 'consume-all.ts');
    const runs = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, [consumer, path])));
    const consumed = runs.flatMap((run) => JSON.parse(run.stdout) as string[]);
    expect(consumed.toSorted()).toEqual(bodies.toSorted());
  });

  it('refuses a visibility timeout that SQS would refuse', () => {
    const options = { path: ':memory:', name: 'events', clock: testClock() };
    expect(() => sqliteQueue({ ...options, visibilityTimeoutMs: 12 * 3600 * 1000 + 1 })).toThrow(ConfigurationError);
  });
});
