import type { SpoolEntry, SpoolIndex, SpoolTotals } from '#core/ports/spool-index.ts';
import type { SpoolDatabase } from './spool-database.ts';

const columns = 'content_id AS contentId, kind, granule_key AS granuleKey, size_bytes AS sizeBytes, sequence';

export class SqliteSpoolIndex implements SpoolIndex {
  readonly #database: SpoolDatabase;

  constructor(database: SpoolDatabase) {
    this.#database = database;
  }

  add({ contentId, kind, granuleKey, sizeBytes }: Omit<SpoolEntry, 'sequence'>): boolean {
    const sql =
      'INSERT INTO spool (content_id, kind, granule_key, size_bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING';
    return this.#database.run(sql, contentId, kind, granuleKey, sizeBytes) === 1;
  }

  has(contentId: string): boolean {
    return this.#database.all('SELECT 1 FROM spool WHERE content_id = ?', contentId).length > 0;
  }

  remove(contentId: string): void {
    this.#database.run('DELETE FROM spool WHERE content_id = ?', contentId);
  }

  parts(countMax: number): SpoolEntry[] {
    const sql = `SELECT ${columns} FROM spool WHERE is_released = 1 AND kind <> 'preview' ORDER BY sequence LIMIT ?`;
    return this.#database.all(sql, countMax);
  }

  ofGranule(granuleKey: string): SpoolEntry[] {
    return this.#database.all(`SELECT ${columns} FROM spool WHERE granule_key = ? ORDER BY sequence`, granuleKey);
  }

  unreleased(granuleKey: string): SpoolEntry[] {
    const sql = `SELECT ${columns} FROM spool WHERE granule_key = ? AND is_released = 0 ORDER BY sequence`;
    return this.#database.all(sql, granuleKey);
  }

  partCounts(): ReadonlyMap<string, number> {
    const sql = `
      SELECT granule_key AS granuleKey, count(*) AS partCount FROM spool WHERE kind <> 'preview' GROUP BY granule_key
    `;
    const rows = this.#database.all<{ granuleKey: string; partCount: number }>(sql);
    return new Map(rows.map(({ granuleKey, partCount }) => [granuleKey, partCount]));
  }

  oldestPreview(): SpoolEntry | null {
    const sql = `SELECT ${columns} FROM spool WHERE kind = 'preview' ORDER BY sequence LIMIT 1`;
    return this.#database.all<SpoolEntry>(sql)[0] ?? null;
  }

  totals(): SpoolTotals {
    const sql = `
      SELECT coalesce(sum(kind <> 'preview'), 0) AS partCount, coalesce(sum(kind = 'preview'), 0) AS previewCount,
        coalesce(sum(size_bytes), 0) AS sizeBytes FROM spool
    `;
    return this.#database.all<SpoolTotals>(sql)[0]!;
  }
}
