import type { CaptureIndex, CaptureRecord, CaptureState, RawState } from '#core/ports/capture-index.ts';
import type { SpoolDatabase } from './spool-database.ts';

const columns =
  'granule_key AS granuleKey, state, reason, raw_state AS rawState, raw_bytes AS rawBytes, report, sequence';

export class SqliteCaptureIndex implements CaptureIndex {
  readonly #database: SpoolDatabase;

  constructor(database: SpoolDatabase) {
    this.#database = database;
  }

  add(granuleKey: string, rawBytes: number): boolean {
    const sql = `
      INSERT INTO captures (granule_key, state, raw_state, raw_bytes) VALUES (?, 'captured', 'local', ?)
      ON CONFLICT DO NOTHING
    `;
    return this.#database.run(sql, granuleKey, rawBytes) === 1;
  }

  get(granuleKey: string): CaptureRecord | null {
    const sql = `SELECT ${columns} FROM captures WHERE granule_key = ?`;
    return this.#database.all<CaptureRecord>(sql, granuleKey)[0] ?? null;
  }

  markMade(granuleKey: string, report: string): void {
    this.#database.transaction(() => {
      const made = "UPDATE captures SET state = 'made', reason = NULL, report = ? WHERE granule_key = ?";
      this.#database.run(made, report, granuleKey);
      this.#database.run('UPDATE spool SET is_released = 1 WHERE granule_key = ?', granuleKey);
    });
  }

  markFailed(granuleKey: string, reason: string): void {
    this.#database.run("UPDATE captures SET state = 'failed', reason = ? WHERE granule_key = ?", reason, granuleKey);
  }

  markRaw(granuleKey: string, rawState: RawState): void {
    this.#database.run('UPDATE captures SET raw_state = ? WHERE granule_key = ?', rawState, granuleKey);
  }

  latest(countMax: number): CaptureRecord[] {
    return this.#database.all(`SELECT ${columns} FROM captures ORDER BY sequence DESC LIMIT ?`, countMax);
  }

  inState(state: CaptureState): CaptureRecord[] {
    return this.#database.all(`SELECT ${columns} FROM captures WHERE state = ? ORDER BY sequence`, state);
  }

  withRaw(rawState: RawState): CaptureRecord[] {
    return this.#database.all(`SELECT ${columns} FROM captures WHERE raw_state = ? ORDER BY sequence`, rawState);
  }
}
