import { type PartAttributes, partMediaType, partTypes, type Receipt } from '#schemas/edge-messages.ts';
import { CubelakeError, FormatError, InvariantError } from '../errors.ts';
import { partsInFlightCountMax, partsUnreceiptedCountMax, receiptWaitMs } from '../limits.ts';
import type { PartLink } from '../ports/part-link.ts';
import { type Progress, silentProgress } from '../ports/progress.ts';
import type { SpoolEntry } from '../ports/spool-index.ts';
import type { Stopwatch } from '../ports/stopwatch.ts';
import { AwaitedReceipts } from './awaited-receipts.ts';
import type { Spool } from './spool.ts';

export interface PublisherOptions {
  readonly spool: Pick<Spool, 'next' | 'read' | 'acknowledge'>;
  readonly link: PartLink;
  readonly deviceId: string;
  readonly stopwatch: Stopwatch;
  /** Payload bytes; null for as fast as the link is. */
  readonly bytesPerSecondMax: number | null;
  readonly receiptWaitMs?: number;
  readonly progress?: Progress;
  /** A payload that the disk has damaged; `retry` once it is whole again. */
  readonly onDamaged?: (entry: SpoolEntry) => void;
}

/** How long a publisher that nobody wakes sleeps: new parts, receipts and the link wake it. */
const pollMs = 30_000;
/** After a part that the broker refused; doubled for each in a row. */
const failureWaitMsMin = 2000;
const failureWaitMsMax = 120_000;
/** For what is on its way when a machine is told to end: it is sent again in any case. */
const stopWaitMs = 5000;
/** Reads of one payload without an answer of the disk; after so many it is taken for damaged. */
const unansweredCountMax = 5;

/**
 * Sends the parts of a spool, the oldest first, and lets go of each when its receipt has come: the broker's own word is not
 * enough. So few parts are without receipts at a time that a broker or a bridge that stands still holds the field back.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #progress: Progress;
  readonly #awaited: AwaitedReceipts;
  readonly #sending = new Map<string, Promise<void>>();
  /** Parts that cannot be read or are too large for the broker: the others go on, and the next connection tries them again. */
  readonly #stuck = new Set<string>();
  /** Reads in a row of one payload that the disk did not answer. */
  readonly #unanswered = new Map<string, number>();
  /** When the link has carried all that the cap allows up to now. */
  #freeAtMs = 0;
  #wake: () => void = () => {};
  /** Parts in a row that the broker refused. */
  #refusedCount = 0;
  /** Of the disk, or of a program; `run` ends with it. */
  #failure: unknown = null;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#progress = options.progress ?? silentProgress;
    this.#awaited = new AwaitedReceipts(options.receiptWaitMs ?? receiptWaitMs);
    options.link.onReceipt((receipt) => this.#receive(receipt));
    options.link.onChange((isConnected, error) => {
      this.#progress.report(isConnected ? 'Link:Connect:Done' : 'Link:Connect:Lost', { reason: error });
      if (isConnected) {
        this.#stuck.clear();
        this.#refusedCount = 0;
        this.#awaited.reconnected();
      }
      this.wake();
    });
  }

  /** Parts that are left out until the next connection, or `retry`. */
  get stuckCount(): number {
    return this.#stuck.size;
  }

  /** These can be read again, or are gone. */
  retry(contentIds: Iterable<string>): void {
    for (const contentId of contentIds) this.#stuck.delete(contentId);
    this.wake();
  }

  /** There may be new parts. */
  wake(): void {
    this.#wake();
  }

  /**
   * Sends until `signal` is aborted; then what is on its way has a few seconds to end. It may be called again after an error.
   * @throws whatever the spool throws when it cannot be read or written, but for single payloads.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { stopwatch } = this.#options;
    const onAbort = (): void => this.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        this.#throwFailure();
        const entry = this.#nextToSend();
        if (entry === null) await this.#rest(pollMs);
        else await this.#start(entry, signal);
      }
      await Promise.race([Promise.all(this.#sending.values()), stopwatch.sleepMs(stopWaitMs)]);
      this.#throwFailure();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  /** The oldest part that is due; null while there is none, or enough are on their way. */
  #nextToSend(): SpoolEntry | null {
    const { spool, link, stopwatch } = this.#options;
    if (!link.isConnected() || this.#sending.size >= partsInFlightCountMax) return null;
    const nowMs = stopwatch.elapsedMs();
    const window = spool.next(partsUnreceiptedCountMax + this.#stuck.size);
    const able = window.filter(({ contentId }) => !this.#stuck.has(contentId));
    const due = able.find((entry) => {
      const isOldest = entry === able[0];
      return !this.#sending.has(entry.contentId) && this.#awaited.isDue(entry.contentId, { isOldest, nowMs });
    });
    return due ?? null;
  }

  async #start(entry: SpoolEntry, signal: AbortSignal): Promise<void> {
    const { stopwatch, bytesPerSecondMax } = this.#options;
    if (bytesPerSecondMax !== null) {
      const waitMs = this.#freeAtMs - stopwatch.elapsedMs();
      if (waitMs > 0) await this.#rest(waitMs);
      // Woken early: look again what is due.
      if (signal.aborted || this.#freeAtMs > stopwatch.elapsedMs()) return;
      this.#freeAtMs = stopwatch.elapsedMs() + (1000 * entry.sizeBytes) / bytesPerSecondMax;
    }
    const sent = this.#send(entry).finally(() => {
      this.#sending.delete(entry.contentId);
      this.wake();
    });
    this.#sending.set(entry.contentId, sent);
  }

  async #send(entry: SpoolEntry): Promise<void> {
    const { link, deviceId, stopwatch } = this.#options;
    const { contentId, granuleKey } = entry;
    try {
      const bytes = await this.#read(entry);
      this.#awaited.sending(contentId, stopwatch.elapsedMs());
      await link.publish({ attributes: attributesOf(entry, deviceId), bytes });
      this.#awaited.taken(contentId, stopwatch.elapsedMs());
      this.#refusedCount = 0;
      this.#progress.report('Part:Publish:Done', { id: contentId, granuleKey, sizeBytes: bytes.length });
    } catch (error) {
      this.#awaited.failed(contentId);
      if (!(error instanceof CubelakeError)) {
        this.#failure ??= error;
        return;
      }
      const isStuck = error.disposition !== 'retry';
      if (isStuck) this.#stuck.add(contentId);
      this.#progress.report(isStuck ? 'Part:Publish:Failed' : 'Part:Publish:Lost', {
        id: contentId,
        reason: error.message,
      });
      // A lost link says itself when it is back.
      if (isStuck || !link.isConnected()) return;
      await stopwatch.sleepMs(Math.min(failureWaitMsMax, failureWaitMsMin * 2 ** this.#refusedCount++));
    }
  }

  /** @throws FormatError for a payload that the disk gives no more, NotFoundError for one that is gone; TemporaryError before that. */
  async #read(entry: SpoolEntry): Promise<Uint8Array> {
    const { spool, onDamaged } = this.#options;
    const { contentId, granuleKey } = entry;
    try {
      const bytes = await spool.read(entry);
      this.#unanswered.delete(contentId);
      return bytes;
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
      if (error.disposition === 'quarantine') onDamaged?.(entry);
      if (error.disposition !== 'retry') throw error;
      const count = (this.#unanswered.get(contentId) ?? 0) + 1;
      this.#unanswered.set(contentId, count);
      if (count < unansweredCountMax) throw error;
      this.#unanswered.delete(contentId);
      onDamaged?.(entry);
      throw new FormatError(
        `Expected payload ${contentId} of ${granuleKey}, got none in ${count} reads. It is made again from its raw cube. ${error.message}`,
        { contentId, granuleKey },
        error,
      );
    }
  }

  async #receive({ id, outcome, reason }: Receipt): Promise<void> {
    try {
      await this.#options.spool.acknowledge(id);
    } catch (error) {
      // The part is still here: sent again, it gets its receipt again.
      this.#failure ??= error;
      this.wake();
      return;
    }
    this.#awaited.received(id);
    this.#stuck.delete(id);
    this.#unanswered.delete(id);
    this.#progress.report(outcome === 'stored' ? 'Part:Receipt:Stored' : 'Part:Receipt:Dead', { id, reason });
    this.wake();
  }

  /** Until woken, or for this long. */
  async #rest(durationMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      void this.#options.stopwatch.sleepMs(durationMs).then(resolve);
    });
    this.#wake = () => {};
  }
}

function attributesOf({ contentId, kind, granuleKey }: SpoolEntry, deviceId: string): PartAttributes {
  if (kind === 'preview') throw new InvariantError('Expected a part to send, got a preview', { contentId });
  return {
    specversion: '1.0',
    id: contentId,
    source: deviceId,
    type: partTypes[kind],
    subject: granuleKey,
    datacontenttype: partMediaType,
  };
}
