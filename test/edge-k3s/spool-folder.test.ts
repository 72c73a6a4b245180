import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { openCaptureFolder, openSpoolFolder } from '#edge-k3s/spool-folder.ts';
import { temporaryFolder } from './agent/field.ts';

describe('the folder of a spool', () => {
  it('is of one agent at a time, while a backhaul shares its captures', async () => {
    const folder = join(temporaryFolder(), 'spool');
    const first = await openSpoolFolder(folder, 1e6);
    await expect(openSpoolFolder(folder, 1e6)).rejects.toThrow(/no other agent uses/);
    const beside = openCaptureFolder(folder);
    first.captures.add('raw_cubes/eu/f/2026/07/01/a', 10);
    beside.captures.markRaw('raw_cubes/eu/f/2026/07/01/a', 'uploaded');
    expect(first.captures.latest(1)[0]).toMatchObject({ rawState: 'uploaded', rawBytes: 10 });
    expect(beside.freeBytes()).toBeGreaterThan(0);
    first.close();
    const second = await openSpoolFolder(folder, 1e6);
    expect(second.captures.withRaw('uploaded')).toHaveLength(1);
    second.close();
    beside.close();
  });

  it('that an older version has filled is read and goes on', async () => {
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    // Version 1 as its first release wrote it: never change these statements.
    const old = new DatabaseSync(join(folder, 'spool.db'));
    old.exec(`
      CREATE TABLE spool (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, content_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        granule_key TEXT NOT NULL, size_bytes INTEGER NOT NULL, is_released INTEGER NOT NULL DEFAULT 0
      );
      CREATE INDEX spool_order ON spool (is_released, sequence);
      CREATE INDEX spool_granule ON spool (granule_key);
      CREATE TABLE captures (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, granule_key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, reason TEXT,
        raw_state TEXT NOT NULL, raw_bytes INTEGER NOT NULL, report TEXT
      );
      PRAGMA user_version = 1;
      INSERT INTO captures (granule_key, state, raw_state, raw_bytes) VALUES ('g1', 'made', 'local', 5), ('g2', 'captured', 'local', 5);
      INSERT INTO spool (content_id, kind, granule_key, size_bytes, is_released)
        VALUES ('p1', 'cells', 'g1', 3, 1), ('p2', 'plots', 'g1', 3, 1), ('p3', 'cells', 'g2', 3, 0);
    `);
    old.close();
    const { spool, captures, close } = await openSpoolFolder(folder, 1e6);
    expect(spool.next(10).map(({ contentId }) => contentId)).toEqual(['p1', 'p2']);
    expect(captures.inState('captured').map(({ granuleKey }) => granuleKey)).toEqual(['g2']);
    await spool.discardUnreleased('g2');
    expect(spool.totals().partCount).toBe(2);
    close();
  });

  it('of a newer version is refused in words', async () => {
    const folder = temporaryFolder();
    (await openSpoolFolder(folder, 1e6)).close();
    const newer = new DatabaseSync(join(folder, 'spool.db'));
    newer.exec('PRAGMA user_version = 999');
    newer.close();
    await expect(openSpoolFolder(folder, 1e6)).rejects.toThrow(ConfigurationError);
    await expect(openSpoolFolder(folder, 1e6)).rejects.toThrow(/Run the newer cubelake/);
  });
});
