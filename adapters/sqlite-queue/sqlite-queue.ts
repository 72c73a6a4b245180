import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ConfigurationError } from '#core/errors.ts';
import { receiveCountMax, visibilityTimeoutMsMax } from '#core/limits.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Queue, QueueDepth, QueueMessage } from '#core/ports/queue.ts';
import { useWriteAheadLog } from '#core/write-ahead-log.ts';
import { isBusy, queueBusyError } from './queue-busy.ts';

export interface SqliteQueueOptions {
  /** Database file, or `:memory:`. Several queues may live in one file. */
  readonly path: string;
  readonly name: string;
  readonly clock: Clock;
  /** How long a received message stays hidden; 5 minutes when absent. */
  readonly visibilityTimeoutMs?: number;
}

const visibilityTimeoutMsDefault = 5 * 60 * 1000;

interface MessageRow {
  id: number;
  body: string;
  receive_count: number;
  /** How often it was received ever: unlike `receive_count` it never goes back. */
  receipt: number;
  sent_ms: number;
}

/** A queue in an SQLite file, for any number of processes on one machine. What was sent survives a power cut. */
export function sqliteQueue(options: SqliteQueueOptions): Queue & { close(): void } {
  const timeoutMs = options.visibilityTimeoutMs ?? visibilityTimeoutMsDefault;
  if (!(timeoutMs >= 0 && timeoutMs <= visibilityTimeoutMsMax)) {
    throw new ConfigurationError(
      `Expected a visibility timeout of 0 to ${visibilityTimeoutMsMax} ms, got ${timeoutMs} (queue ${options.name}).`,
    );
  }
  return new SqliteQueue(options, timeoutMs);
}

class SqliteQueue implements Queue {
  readonly #database: DatabaseSync;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #visibilityTimeoutMs: number;
  readonly #statements = new Map<string, StatementSync>();

  constructor(options: SqliteQueueOptions, visibilityTimeoutMs: number) {
    this.#name = options.name;
    this.#clock = options.clock;
    this.#visibilityTimeoutMs = visibilityTimeoutMs;
    this.#database = new DatabaseSync(options.path, { timeout: 60_000 });
    useWriteAheadLog(this.#database);
    this.#database.exec(`
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL, sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL, receive_count INTEGER NOT NULL DEFAULT 0,
        receipt INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0
      );
      CREATE INDEX IF NOT EXISTS messages_visible ON messages (queue, dead, visible_ms, id);
    `);
  }

  async send(bodies: readonly string[]): Promise<void> {
    const nowMs = this.#clock.nowMs();
    this.#exclusively(() => {
      const insert = this.#sql('INSERT INTO messages (queue, body, sent_ms, visible_ms) VALUES (?, ?, ?, ?)');
      for (const body of bodies) insert.run(this.#name, body, nowMs, nowMs);
    });
  }

  async receive(countMax: number): Promise<QueueMessage[]> {
    const nowMs = this.#clock.nowMs();
    return this.#exclusively(() => {
      this.#buryExhausted(nowMs);
      const rows = this.#sql(`
        SELECT id, body, receive_count, receipt, sent_ms FROM messages
        WHERE queue = ? AND dead = 0 AND visible_ms <= ? ORDER BY visible_ms, id LIMIT ?
      `).all(this.#name, nowMs, countMax) as unknown as MessageRow[];
      const hide = this.#sql(`
        UPDATE messages SET visible_ms = ?, receive_count = receive_count + 1, receipt = receipt + 1 WHERE id = ?
      `);
      for (const row of rows) hide.run(nowMs + this.#visibilityTimeoutMs, row.id);
      return rows.map((row) => message({ ...row, receive_count: row.receive_count + 1, receipt: row.receipt + 1 }));
    });
  }

  async delete(receipts: readonly string[]): Promise<void> {
    this.#exclusively(() => {
      const remove = this.#sql('DELETE FROM messages WHERE queue = ? AND id = ? AND receipt = ? AND dead = 0');
      for (const receipt of receipts) remove.run(this.#name, ...receiptKey(receipt));
    });
  }

  async release(receipts: readonly string[], delayMs: number): Promise<void> {
    const visibleMs = this.#clock.nowMs() + delayMs;
    this.#exclusively(() => {
      const show = this.#sql(`
        UPDATE messages SET visible_ms = ? WHERE queue = ? AND id = ? AND receipt = ? AND dead = 0
      `);
      for (const receipt of receipts) show.run(visibleMs, this.#name, ...receiptKey(receipt));
    });
  }

  async depth(): Promise<QueueDepth> {
    const nowMs = this.#clock.nowMs();
    return this.#exclusively(() => {
      this.#buryExhausted(nowMs);
      const row = this.#sql(`
        SELECT coalesce(sum(dead = 0 AND visible_ms <= ?1), 0) AS visible_count,
          coalesce(sum(dead = 0 AND visible_ms > ?1), 0) AS hidden_count,
          coalesce(sum(dead), 0) AS dead_count, min(CASE WHEN dead = 0 THEN sent_ms END) AS oldest_sent_ms
        FROM messages WHERE queue = ?2
      `).get(nowMs, this.#name) as Record<string, number | null>;
      return {
        visibleCount: row['visible_count']!,
        hiddenCount: row['hidden_count']!,
        deadCount: row['dead_count']!,
        oldestSentMs: row['oldest_sent_ms'] ?? null,
      };
    });
  }

  async deadLetters(): Promise<QueueMessage[]> {
    const nowMs = this.#clock.nowMs();
    return this.#exclusively(() => {
      this.#buryExhausted(nowMs);
      const rows = this.#sql(`
        SELECT id, body, receive_count, receipt, sent_ms FROM messages WHERE queue = ? AND dead = 1 ORDER BY sent_ms, id
      `).all(this.#name) as unknown as MessageRow[];
      return rows.map(message);
    });
  }

  async redrive(): Promise<number> {
    const nowMs = this.#clock.nowMs();
    return this.#exclusively(() => {
      this.#buryExhausted(nowMs);
      const result = this.#sql(`
        UPDATE messages SET dead = 0, receive_count = 0, visible_ms = ? WHERE queue = ? AND dead = 1
      `).run(nowMs, this.#name);
      return Number(result.changes);
    });
  }

  close(): void {
    this.#database.close();
  }

  /** A message that was received often enough and became visible again belongs to the dead letters. */
  #buryExhausted(nowMs: number): void {
    this.#sql(`
      UPDATE messages SET dead = 1 WHERE queue = ? AND dead = 0 AND visible_ms <= ? AND receive_count >= ?
    `).run(this.#name, nowMs, receiveCountMax);
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #exclusively<Result>(work: () => Result): Result {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw isBusy(error) ? queueBusyError(this.#name, error) : error;
    }
  }
}

function message(row: MessageRow): QueueMessage {
  return {
    messageId: String(row.id),
    receipt: `${row.id}.${row.receipt}`,
    body: row.body,
    receiveCount: row.receive_count,
    sentMs: row.sent_ms,
  };
}

/** Id and number of the receive: a receipt of an earlier receive matches nothing. A malformed one matches nothing either. */
function receiptKey(receipt: string): [number, number] {
  const [id, number] = receipt.split('.').map(Number);
  return Number.isSafeInteger(id) && Number.isSafeInteger(number) ? [id!, number!] : [-1, -1];
}
