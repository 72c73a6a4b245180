import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { ConfigurationError, CubelakeError, TemporaryError } from '#core/errors.ts';
import { useWriteAheadLog } from '#core/write-ahead-log.ts';

const version = 1;
/** The log stays small beside a small disk: some ten changes. */
const logPageCount = 64;
const schema = `
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
`;

/** One database for a spool's entries and for captures; a call that has returned survives a power cut. */
export class SpoolDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;

  /**
   * @param path Database file, or `:memory:`.
   * @throws ConfigurationError for one that a newer version made; TemporaryError for a full or failing disk.
   */
  constructor(path: string) {
    this.#path = path;
    this.#database = this.#asking(() => new DatabaseSync(path, { timeout: 60_000 }));
    this.#asking(() => {
      useWriteAheadLog(this.#database);
      this.#database.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${logPageCount}`);
    });
    this.transaction(() => this.#upgrade());
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#asking(() => Number(this.#database.prepare(sql).run(...values).changes));
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#asking(() =>
      this.#database
        .prepare(sql)
        .all(...values)
        .map((row) => ({ ...row }) as Row),
    );
  }

  /** Everything or nothing of `work` happens. */
  transaction(work: () => void): void {
    this.#asking(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        work();
        this.#database.exec('COMMIT');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    this.#database.close();
  }

  #upgrade(): void {
    const found = this.all<{ user_version: number }>('PRAGMA user_version')[0]!.user_version;
    if (found > version) {
      throw new ConfigurationError(
        `Expected a spool of version ${version}, got ${found} (${this.#path}). Run the newer cubelake that made it.`,
      );
    }
    if (found < 1) this.#database.exec(schema);
    this.#database.exec(`PRAGMA user_version = ${version}`);
  }

  /** Gives the room of the log back to the disk. */
  #hasTruncatedLog(): boolean {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return true;
    } catch {
      return false;
    }
  }

  #asking<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      // Whoever began the transaction decides.
      if (this.#database?.isTransaction) throw error;
      if (!isFull(error) || !this.#hasTruncatedLog()) throw failureOf(error, this.#path);
    }
    try {
      return work();
    } catch (error) {
      throw failureOf(error, this.#path);
    }
  }
}

const sqliteReadOnly = 8;
const sqliteFull = 13;

function codeOf(error: unknown): number | undefined {
  return (error as { errcode?: number } | null)?.errcode;
}

function isFull(error: unknown): boolean {
  return codeOf(error) === sqliteFull;
}

/** A failure of SQLite as an error with a disposition; anything else is returned as it is. */
function failureOf(cause: unknown, where: string): unknown {
  const code = codeOf(cause);
  if (cause instanceof CubelakeError || code === undefined) return cause;
  const { message } = cause as Error;
  if (code === sqliteReadOnly) {
    return new ConfigurationError(
      `Expected a spool that may be written, got "${message}" (${where}). Give this user the right to write there.`,
      { where },
      cause,
    );
  }
  return new TemporaryError(`Expected the disk of the spool to answer, got "${message}" (${where}).`, { where }, cause);
}
