import { expect, it } from 'vitest';
import { useWriteAheadLog } from '#core/write-ahead-log.ts';

// Two processes that opened a new lake at the same moment: the second was told "database is locked" at once.

function databaseThatFails(messages: string[]): { exec(sql: string): void; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    exec(sql) {
      calls.push(sql);
      const message = messages.shift();
      if (message !== undefined) throw new Error(message);
    },
  };
}

it('tries again while another process makes the same switch', () => {
  const database = databaseThatFails(['database is locked', 'database is locked']);
  useWriteAheadLog(database);
  expect(database.calls).toEqual(new Array(3).fill('PRAGMA journal_mode = WAL'));
});

it('gives any other error at once', () => {
  const database = databaseThatFails(['disk I/O error', 'never']);
  expect(() => useWriteAheadLog(database)).toThrow('disk I/O error');
  expect(database.calls).toHaveLength(1);
});
