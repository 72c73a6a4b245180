import { ConfigurationError, CubelakeError, FencedError } from '../../errors.ts';
import { sinkBatchBytesMax, sinkBatchValueCountMax } from '../../limits.ts';
import type { LogRecord, PartLogReader, PartLogWriter } from '../../ports/part-log.ts';
import type { Stopwatch } from '../../ports/stopwatch.ts';
import { DeadLetters } from './dead-letters.ts';
import { decodePart } from './decode-part.ts';
import { SinkPosition, type SinkPositionOptions } from './sink-position.ts';
import type { DecodedPart } from './stage-parts.ts';

/** `group` names this sink's offsets in the tables. */
export interface SinkOptions extends SinkPositionOptions {
  readonly log: PartLogReader;
  readonly deadLetters: PartLogWriter;
  /** Brings what is derived from gold.plot_index up to date with all that sinks have changed in it. */
  readonly derive: () => Promise<unknown>;
  readonly stopwatch: Stopwatch;
  readonly commitIntervalMs: number;
  /** Ends when nothing has come for this long and the log holds nothing more; null for never. */
  readonly idleMsMax: number | null;
}

/** Between two looks at the time while nothing comes. */
const tickMs = 500;
/** Before another attempt where a settlement, the log or the store was not ready. */
const retryWaitMs = 2000;

interface Batch {
  readonly parts: DecodedPart[];
  /** Partition -> the first offset after it. */
  next: Map<number, bigint>;
  sizeBytes: number;
  /** What its parts expand to. */
  valueCount: number;
  /** Messages that were read, dead ones too. */
  recordCount: number;
}

/**
 * Takes parts from the log into silver and gold, each exactly once: how far the log is read stands in the same commit as the rows.
 *
 * Gold is committed before silver, so that silver's offsets hold for both: the log is read from there, and gold leaves out
 * what its own offsets say it has.
 */
export class Sink {
  readonly #options: SinkOptions;
  readonly #deadLetters: DeadLetters;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#deadLetters = new DeadLetters(options);
  }

  /**
   * Runs until `signal` is aborted, and commits what it has read by then.
   * @throws ConfigurationError when the topic is not there, is another or lacks messages, or when nearly everything in it is
   *   dead; FencedError when another sink is further; as `publish`.
   */
  async run(signal: AbortSignal): Promise<void> {
    const position = await this.#start();
    const { log, topic, stopwatch, commitIntervalMs, idleMsMax } = this.#options;
    const reading = new AbortController();
    const records = log.read(topic, position.next, AbortSignal.any([signal, reading.signal]))[Symbol.asyncIterator]();
    let batch = emptyBatch();
    let [batchMs, heardMs] = [stopwatch.elapsedMs(), stopwatch.elapsedMs()];
    let pending = records.next();
    let tick: Promise<null> | null = null;
    try {
      for (;;) {
        tick ??= stopwatch.sleepMs(Math.min(tickMs, commitIntervalMs)).then(() => null);
        const heard = await Promise.race([pending, tick]);
        if (heard === null) tick = null;
        if (heard?.done === true) break;
        if (heard !== null) {
          if (batch.recordCount === 0) batchMs = stopwatch.elapsedMs();
          heardMs = stopwatch.elapsedMs();
          await this.#take(batch, heard.value);
          pending = records.next();
        }
        const isDue = batch.recordCount > 0 && stopwatch.elapsedMs() - batchMs >= commitIntervalMs;
        const isFull = batch.sizeBytes >= sinkBatchBytesMax || batch.valueCount >= sinkBatchValueCountMax;
        if (isDue || isFull) {
          await this.#commit(position, batch, signal);
          batch = emptyBatch();
        }
        if (idleMsMax !== null && batch.recordCount === 0 && stopwatch.elapsedMs() - heardMs >= idleMsMax) {
          if (await this.#hasReadAll(position)) break;
          heardMs = stopwatch.elapsedMs();
        }
      }
    } finally {
      reading.abort();
      pending.catch(() => undefined);
    }
    if (batch.recordCount > 0) await this.#commit(position, batch, signal);
  }

  async #start(): Promise<SinkPosition> {
    const { log, topic, derive } = this.#options;
    // The tables first: what another sink commits after this look was in the log before the next one.
    const position = await SinkPosition.load(this.#options);
    const found = await log.describe(topic);
    if (found === null)
      throw new ConfigurationError(`Expected topic ${topic}, got none. Create it, or name another.`, { topic });
    await position.begin(found);
    // A crash may have come between the newest commit to gold and what is derived from it.
    await derive();
    return position;
  }

  /** What is no part goes to the dead letters, and the others go on. */
  async #take(batch: Batch, record: LogRecord): Promise<void> {
    batch.recordCount++;
    batch.sizeBytes += record.value.length;
    batch.next.set(record.partition, record.offset + 1n);
    try {
      const decoded = await decodePart(record);
      batch.parts.push(decoded);
      batch.valueCount += decoded.part.rowCount * decoded.part.columns.length;
      this.#deadLetters.noteReadable();
    } catch (error) {
      if (!(error instanceof CubelakeError) || error.disposition !== 'quarantine') throw error;
      await this.#untilReady(() => this.#deadLetters.bury(record, error), null);
    }
  }

  async #commit(position: SinkPosition, batch: Batch, signal: AbortSignal): Promise<void> {
    const { log, topic, group, derive, progress } = this.#options;
    await this.#untilReady(async () => position.requireSameTopic(await log.describe(topic)), signal);
    const parts = (kind: DecodedPart['kind']) => batch.parts.filter((each) => each.kind === kind);
    const plots = position.newInGold(parts('plots'));
    if (plots.length > 0) {
      await this.#untilReady(() => position.commitGold(plots, batch.next), signal);
      await this.#untilReady(derive, signal);
    }
    await this.#untilReady(() => position.commitSilver(parts('cells'), batch.next), signal);
    await log.remember(group, topic, position.next).catch((error: unknown) => {
      progress.report('Offsets:Remember:Failed', { reason: String(error) });
    });
  }

  /** A log that does not answer may hold more. */
  async #hasReadAll(position: SinkPosition): Promise<boolean> {
    const { log, topic } = this.#options;
    const found = await log.describe(topic).catch((error: unknown) => {
      if (!mayPass(error)) throw error;
      return null;
    });
    return found !== null && position.isAtEndOf(found);
  }

  /** Tries again for as long as something may pass; a stop ends that, and the next run reads the same messages again. */
  async #untilReady<Result>(work: () => Promise<Result>, signal: AbortSignal | null): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error) || signal?.aborted) throw error;
        this.#options.progress.report('Sink:Commit:Waiting', { reason: error.message });
        await this.#options.stopwatch.sleepMs(retryWaitMs);
      }
    }
  }
}

/** Another sink's progress does not pass: whoever is fenced must read again where the tables are. */
function mayPass(error: unknown): error is CubelakeError {
  return error instanceof CubelakeError && error.disposition === 'retry' && !(error instanceof FencedError);
}

function emptyBatch(): Batch {
  return { parts: [], next: new Map(), sizeBytes: 0, valueCount: 0, recordCount: 0 };
}
