import type { BigIntStats } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { useWriteAheadLog } from '#core/write-ahead-log.ts';

/**
 * What the file system cannot keep of an object: its content hash, so that it is not computed twice, and its tags. The
 * file is the truth: an entry counts only while the file has the size, times and inode that the entry was made for, so a
 * crash between the two only costs one more hash.
 */
export class ObjectLedger {
  readonly #database: DatabaseSync;
  readonly #select;
  readonly #upsert;
  readonly #remove;
  readonly #tag;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 60_000 });
    useWriteAheadLog(this.#database);
    this.#database.exec(`
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS objects (
        key TEXT PRIMARY KEY, etag TEXT NOT NULL, version TEXT NOT NULL, tags TEXT NOT NULL
      ) WITHOUT ROWID;
    `);
    this.#select = this.#database.prepare('SELECT etag, version, tags FROM objects WHERE key = ?');
    this.#upsert = this.#database.prepare(`
      INSERT INTO objects (key, etag, version, tags) VALUES (?1, ?2, ?3, '{}')
      ON CONFLICT (key) DO UPDATE SET etag = ?2, version = ?3, tags = CASE WHEN ?4 = 1 AND etag = ?2 THEN tags ELSE '{}' END
    `);
    this.#remove = this.#database.prepare('DELETE FROM objects WHERE key = ?');
    this.#tag = this.#database.prepare('UPDATE objects SET tags = ? WHERE key = ?');
  }

  /** Hash and tags of the file version, or null when the ledger does not know this version. */
  find(key: string, stats: BigIntStats): { readonly etag: string; readonly tags: Record<string, string> } | null {
    const row = this.#select.get(key) as { etag: string; version: string; tags: string } | undefined;
    if (row === undefined || row.version !== fileVersion(stats)) return null;
    return { etag: row.etag, tags: JSON.parse(row.tags) };
  }

  /** A new object drops its tags; the same content seen again (`isSameObject`) keeps them. */
  record(key: string, etag: string, stats: BigIntStats, isSameObject: boolean): void {
    this.#upsert.run(key, etag, fileVersion(stats), isSameObject ? 1 : 0);
  }

  setTags(key: string, tags: Readonly<Record<string, string>>): void {
    this.#tag.run(JSON.stringify(tags), key);
  }

  remove(key: string): void {
    this.#remove.run(key);
  }

  /** Runs `work` while no other process changes an object of this store. */
  exclusively<Result>(work: () => Result): Result {
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

/** Differs between any two contents that a file had, as far as the file system tells. */
export function fileVersion(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}-${stats.ino}`;
}
