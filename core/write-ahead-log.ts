/** As much of an SQLite connection as is needed here; node:sqlite itself belongs to adapters. */
interface SqlConnection {
  exec(sql: string): void;
}

const attemptCountMax = 500;
const waitMs = 20;

/**
 * Switches a database to the write-ahead log. The switch wants the file alone for a moment and answers "locked" at once
 * while another process makes the same switch, whatever busy timeout is set: so it is tried again, for ten seconds.
 *
 * @throws The database's own error when it stays locked or cannot be written.
 */
export function useWriteAheadLog(database: SqlConnection): void {
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      const isLocked = error instanceof Error && /locked|busy/.test(error.message);
      if (!isLocked || attempt === attemptCountMax) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}
