import { type PartAttributes, partMediaType, partTypes, type Receipt } from '#schemas/edge-messages.ts';
import { CubelakeError, InvariantError } from '../errors.ts';
import { partsInFlightCountMax, partsUnreceiptedCountMax, receiptWaitMs } from '../limits.ts';
import type { PartLink } from '../ports/part-link.ts';
import { type Progress, silentProgress } from '../ports/progress.ts';
import type { SpoolEntry } from '../ports/spool-index.ts';
import type { Stopwatch } from '../ports/stopwatch.ts';
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
}

/** How long a publisher that nobody wakes sleeps: new parts, receipts and the link wake it. */
const pollMs = 30_000;
/** After a part that could not be sent. */
const failureWaitMs = 2000;

/**
 * Sends the parts of a spool, the oldest first, and lets go of each when its receipt has come: the broker's own word is not
 * enough. So few parts are without receipts at a time that a broker or a bridge that stands still holds the field back.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #progress: Progress;
  readonly #receiptWaitMs: number;
  /** Part -> when it was sent. */
  readonly #sentMs = new Map<string, number>();
  readonly #sending = new Map<string, Promise<void>>();
  /** Parts that cannot be read or are too large for the broker: they stay, and the others go on. */
  readonly #stuck = new Set<string>();
  /** When the link has carried all that the cap allows up to now. */
  #freeAtMs = 0;
  #wake: () => void = () => {};

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#progress = options.progress ?? silentProgress;
    this.#receiptWaitMs = options.receiptWaitMs ?? receiptWaitMs;
    options.link.onReceipt((receipt) => this.#receive(receipt));
    options.link.onChange((isConnected, error) => {
      this.#progress.report(isConnected ? 'Link:Connect:Done' : 'Link:Connect:Lost', { reason: error });
      this.wake();
    });
  }

  /** There may be new parts. */
  wake(): void {
    this.#wake();
  }

  /** Sends until `signal` is aborted; then what is on its way ends, with or without success. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.wake(), { once: true });
    while (!signal.aborted) {
      const entry = this.#nextToSend();
      if (entry === null) await this.#rest(pollMs);
      else await this.#start(entry, signal);
    }
    await Promise.all(this.#sending.values());
  }

  /** The oldest part that is due; null while there is none, or enough are on their way. */
  #nextToSend(): SpoolEntry | null {
    const { spool, link, stopwatch } = this.#options;
    if (!link.isConnected() || this.#sending.size >= partsInFlightCountMax) return null;
    const nowMs = stopwatch.elapsedMs();
    const window = spool.next(partsUnreceiptedCountMax + this.#stuck.size);
    const due = window.filter(({ contentId }) => {
      const sentMs = this.#sentMs.get(contentId);
      const isDue = sentMs === undefined || nowMs - sentMs >= this.#receiptWaitMs;
      return isDue && !this.#sending.has(contentId) && !this.#stuck.has(contentId);
    });
    return due[0] ?? null;
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
    const { spool, link, deviceId, stopwatch } = this.#options;
    const { contentId, granuleKey } = entry;
    try {
      const bytes = await spool.read(entry);
      // Before it goes: its receipt may be here before the broker's answer.
      this.#sentMs.set(contentId, stopwatch.elapsedMs());
      await link.publish({ attributes: attributesOf(entry, deviceId), bytes });
      this.#progress.report('Part:Publish:Done', { id: contentId, granuleKey, sizeBytes: bytes.length });
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
      this.#sentMs.delete(contentId);
      const isStuck = error.disposition !== 'retry';
      if (isStuck) this.#stuck.add(contentId);
      this.#progress.report(isStuck ? 'Part:Publish:Failed' : 'Part:Publish:Lost', {
        id: contentId,
        reason: error.message,
      });
      if (!isStuck) await this.#options.stopwatch.sleepMs(failureWaitMs);
    }
  }

  async #receive({ id, outcome, reason }: Receipt): Promise<void> {
    await this.#options.spool.acknowledge(id);
    this.#sentMs.delete(id);
    this.#stuck.delete(id);
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
