// Threads of one process share a memory that real writers do not: here eight processes share nothing but a folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { checkCommits } from '../peers/many-writers/check-commits.ts';
import { runWriters } from '../peers/many-writers/run-writers.ts';

it.each([
  ['eight processes publish 25 commits each', null],
  ['eight processes, one of them killed every second, publish 25 commits each', 1000],
])('%s: 200 snapshots and every row once', { timeout: 300_000 }, async (_what, killsEveryMs) => {
  const place = mkdtempSync(join(tmpdir(), 'cubelake-writers-'));
  try {
    const report = await runWriters({ place, writerCount: 8, commitCount: 25, killsEveryMs });
    expect(report.commitIds.size).toBe(200);
    if (killsEveryMs !== null) expect(report.killCount).toBeGreaterThan(2);
    await checkCommits(fileObjectStore(place), report.commitIds);
    console.log(JSON.stringify({ ...report, commitIds: report.commitIds.size }));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
