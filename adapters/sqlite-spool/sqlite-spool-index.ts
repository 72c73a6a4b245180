import { DatabaseSync } from 'node:sqlite';
import { diskError } from '#adapters/file/disk-error.ts';
import type { SpoolEntry, SpoolIndex, SpoolKind, SpoolTotals } from '#core/ports/spool-index.ts';
import { useWriteAheadLog } from '#core/write-ahead-log.ts';

const columns = 'content_id AS contentId, kind, cube_id AS cubeId, size_bytes AS sizeBytes, sequence';

/** @param path Database file, or `:memory:`. */
export function sqliteSpoolIndex(path: string): SpoolIndex {
  return new SqliteSpoolIndex(path);
}

class SqliteSpoolIndex implements SpoolIndex {
  readonly #path: string;
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#path = path;
    this.#database = this.#asking(() => new DatabaseSync(path, { timeout: 60_000 }));
    this.#asking(() => {
      useWriteAheadLog(this.#database);
      this.#database.exec(`
        PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS spool (
          sequence INTEGER PRIMARY KEY AUTOINCREMENT, content_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
          cube_id TEXT NOT NULL, size_bytes INTEGER NOT NULL
        );
        CREATE INDEX IF NOT EXISTS spool_order ON spool (kind, sequence);
      `);
    });
  }

  add({ contentId, kind, cubeId, sizeBytes }: Omit<SpoolEntry, 'sequence'>): boolean {
    return this.#asking(() => {
      const result = this.#database
        .prepare('INSERT INTO spool (content_id, kind, cube_id, size_bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
        .run(contentId, kind, cubeId, sizeBytes);
      return result.changes === 1;
    });
  }

  has(contentId: string): boolean {
    return this.#asking(
      () => this.#database.prepare('SELECT 1 FROM spool WHERE content_id = ?').get(contentId) !== undefined,
    );
  }

  remove(contentId: string): void {
    this.#asking(() => this.#database.prepare('DELETE FROM spool WHERE content_id = ?').run(contentId));
  }

  oldest(countMax: number, kind?: SpoolKind): SpoolEntry[] {
    return this.#asking(() => {
      const rows = this.#database
        .prepare(`SELECT ${columns} FROM spool WHERE kind = coalesce(?, kind) ORDER BY kind, sequence LIMIT ?`)
        .all(kind ?? null, countMax);
      return rows.map((row) => ({ ...row })) as unknown as SpoolEntry[];
    });
  }

  totals(): SpoolTotals {
    return this.#asking(() => {
      const row = this.#database
        .prepare(`
          SELECT coalesce(sum(kind = 'part'), 0) AS partCount, coalesce(sum(kind = 'preview'), 0) AS previewCount,
            coalesce(sum(size_bytes), 0) AS sizeBytes FROM spool
        `)
        .get();
      return { ...row } as unknown as SpoolTotals;
    });
  }

  close(): void {
    this.#database.close();
  }

  #asking<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw diskError(error, this.#path);
    }
  }
}
