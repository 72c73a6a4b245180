import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { ConfigurationError, CubelakeError, FencedError } from '../../errors.ts';
import { sinkBatchBytesMax, sinkBatchValueCountMax } from '../../limits.ts';
import type { Catalog } from '../../ports/catalog.ts';
import type { LogRecord, PartLogReader, PartLogWriter } from '../../ports/part-log.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Stopwatch } from '../../ports/stopwatch.ts';
import { type CommitReport, commitParts, type SinkTables, tableOfKind } from './commit-parts.ts';
import { DeadLetters } from './dead-letters.ts';
import { decodePart } from './decode-part.ts';
import {
  formatOffsets,
  mergeOffsets,
  offsetsProperty,
  parseOffsets,
  type StartChoices,
  startOf,
} from './ingest-offsets.ts';
import type { DecodedPart } from './stage-parts.ts';

export interface SinkOptions extends StartChoices {
  readonly log: PartLogReader;
  readonly deadLetters: PartLogWriter;
  readonly tables: SinkTables & { readonly catalog: Catalog };
  /** Brings what is derived from gold.plot_index up to date with all that sinks have changed in it. */
  readonly derive: () => Promise<unknown>;
  readonly stopwatch: Stopwatch;
  readonly progress: Progress;
  readonly topic: string;
  /** Names this sink's offsets in the tables. */
  readonly group: string;
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
  #topicId = '';
  /** Text of the property of each table, as last read or written. */
  #silverOffsets: string | null = null;
  #goldOffsets: string | null = null;
  #next = new Map<number, bigint>();
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
    await this.#start();
    const { log, topic, stopwatch, commitIntervalMs, idleMsMax } = this.#options;
    const reading = new AbortController();
    const records = log.read(topic, this.#next, AbortSignal.any([signal, reading.signal]))[Symbol.asyncIterator]();
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
          await this.#commit(batch, signal);
          batch = emptyBatch();
        }
        if (idleMsMax !== null && batch.recordCount === 0 && stopwatch.elapsedMs() - heardMs >= idleMsMax) {
          if (await this.#hasReadAll()) break;
          heardMs = stopwatch.elapsedMs();
        }
      }
    } finally {
      reading.abort();
      pending.catch(() => undefined);
    }
    if (batch.recordCount > 0) await this.#commit(batch, signal);
  }

  async #start(): Promise<void> {
    const { log, topic, tables, progress } = this.#options;
    // The tables first: what another sink commits after this look was in the log before the next one.
    this.#silverOffsets = await this.#offsetsOf(tables.catalog, 'silver');
    this.#goldOffsets = await this.#offsetsOf(tables.catalog, 'gold');
    const found = await log.describe(topic);
    if (found === null)
      throw new ConfigurationError(`Expected topic ${topic}, got none. Create it, or name another.`, { topic });
    this.#topicId = found.topicId;
    const known = this.#silverOffsets === null ? null : parseOffsets(this.#silverOffsets);
    const { from, lostCount } = startOf(known, topic, found, this.#options);
    this.#next = new Map(from);
    await this.#writeFirstOffsets();
    // A crash may have come between the newest commit to gold and what is derived from it.
    await this.#options.derive();
    progress.report('Sink:Start:Done', {
      topic,
      from: formatOffsets({ topic, topicId: found.topicId, next: from }),
      lost: String(lostCount),
    });
  }

  /** From here on a lost message is noticed, and a settlement finds tables that its snapshot can stand in. */
  async #writeFirstOffsets(): Promise<void> {
    const start = { topic: this.#options.topic, topicId: this.#topicId, next: this.#next };
    this.#goldOffsets ??= (await this.#commitTable('plots', [], start, null)).offsets;
    this.#silverOffsets ??= (await this.#commitTable('cells', [], start, null)).offsets;
  }

  async #offsetsOf(catalog: Catalog, layer: 'silver' | 'gold'): Promise<string | null> {
    const loaded = await catalog.loadTable(layer === 'silver' ? silverReflectance : goldPlotIndex);
    return loaded?.metadata.properties[offsetsProperty(this.#options.group)] ?? null;
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

  async #commit(batch: Batch, signal: AbortSignal): Promise<void> {
    const { log, topic, group, progress } = this.#options;
    await this.#untilReady(() => this.#requireSameTopic(), signal);
    const after = { topic, topicId: this.#topicId, next: mergeOffsets(this.#next, batch.next) };
    const parts = (kind: DecodedPart['kind']) => batch.parts.filter((each) => each.kind === kind);
    const inGold = this.#goldNext();
    const plots = parts('plots').filter(({ partition, offset }) => offset >= (inGold.get(partition) ?? 0n));
    if (plots.length > 0) {
      const afterGold = { ...after, next: mergeOffsets(after.next, inGold) };
      const report = await this.#untilReady(
        () => this.#commitTable('plots', plots, afterGold, this.#goldOffsets),
        signal,
      );
      this.#goldOffsets = report.offsets;
      await this.#untilReady(() => this.#options.derive(), signal);
    }
    const report = await this.#untilReady(
      () => this.#commitTable('cells', parts('cells'), after, this.#silverOffsets),
      signal,
    );
    this.#silverOffsets = report.offsets;
    this.#next = after.next;
    await log.remember(group, topic, after.next).catch((error: unknown) => {
      progress.report('Offsets:Remember:Failed', { reason: String(error) });
    });
  }

  /** A log that does not answer may hold more. */
  async #hasReadAll(): Promise<boolean> {
    const { log, topic } = this.#options;
    const found = await log.describe(topic).catch((error: unknown) => {
      if (!mayPass(error)) throw error;
      return null;
    });
    if (found === null) return false;
    return [...found.partitions].every(([partition, { next }]) => next <= (this.#next.get(partition) ?? 0n));
  }

  /** A topic that was made again while it is read has other messages at the same offsets. */
  async #requireSameTopic(): Promise<void> {
    const { log, topic } = this.#options;
    const found = await log.describe(topic);
    if (found?.topicId === this.#topicId) return;
    throw new ConfigurationError(
      `Expected topic ${topic} with id ${this.#topicId}, got ${found?.topicId ?? 'none'}: it was made again while it was read. Start anew with --new-epoch to read the new one from its beginning.`,
      { topic },
    );
  }

  async #commitTable(
    kind: DecodedPart['kind'],
    parts: readonly DecodedPart[],
    after: Parameters<typeof formatOffsets>[0],
    before: string | null,
  ): Promise<CommitReport> {
    const { tables, group, progress } = this.#options;
    const table = tableOfKind[kind];
    const report = await commitParts(tables, table, { group, before, after, parts });
    const { addedCount: added, repeatedCount: repeated, lateCount: late } = report;
    progress.report('Parts:Commit:Done', { table: tableName(table), added, repeated, late });
    return report;
  }

  /** How far gold is in this topic: farther than silver where a crash came between them. */
  #goldNext(): ReadonlyMap<number, bigint> {
    const offsets = this.#goldOffsets === null ? null : parseOffsets(this.#goldOffsets);
    return offsets?.topicId === this.#topicId ? offsets.next : new Map();
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
