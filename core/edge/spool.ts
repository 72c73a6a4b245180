import { FormatError, NotFoundError, TemporaryError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { SpoolEntry, SpoolIndex, SpoolKind, SpoolTotals } from '../ports/spool-index.ts';
import { sha256Of } from '../sha256.ts';

export interface SpoolOptions {
  /** Payloads, each under its content id. A `put` that has returned survives a power cut. */
  readonly payloads: ObjectStore;
  readonly index: SpoolIndex;
  /** Payloads may take up so much of the disk. */
  readonly budgetBytes: number;
}

/** Above the upper mark acquisition has to stop; it may go on below the lower one, so that it does not stutter. */
const stopFraction = 0.95;
const resumeFraction = 0.85;

/**
 * What a field machine has made and the cloud has not acknowledged. A payload lies on the disk before its entry is in the
 * index, and leaves the index before it leaves the disk: after a power cut every entry has its payload, and a payload
 * without an entry is one that was never promised, or one that has been acknowledged.
 */
export class Spool {
  readonly #payloads: ObjectStore;
  readonly #index: SpoolIndex;
  readonly #budgetBytes: number;
  #isStopped = false;

  private constructor({ payloads, index, budgetBytes }: SpoolOptions) {
    this.#payloads = payloads;
    this.#index = index;
    this.#budgetBytes = budgetBytes;
  }

  /** Removes payloads that no entry names. Only one process may hold the spool then. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { payloads, index } = options;
    for await (const { key } of payloads.list('')) if (!index.has(contentIdOf(key))) await payloads.delete(key);
    return new Spool(options);
  }

  /**
   * Keeps a payload until `acknowledge`; a part is sent once its capture is made. The same bytes are kept once.
   * @returns Its content id.
   * @throws TemporaryError when the budget has no room for it, also without previews: nothing was kept.
   */
  async add(kind: SpoolKind, granuleKey: string, bytes: Uint8Array): Promise<string> {
    const contentId = sha256Of(bytes);
    if (this.#index.has(contentId)) return contentId;
    await this.#makeRoom(bytes.length);
    await this.#payloads.put(keyOf(contentId), bytes);
    this.#index.add({ contentId, kind, granuleKey, sizeBytes: bytes.length });
    return contentId;
  }

  /**
   * Puts back a payload whose file may be damaged or gone.
   * @returns Its content id; null for bytes that the spool does not hold.
   */
  async restore(bytes: Uint8Array): Promise<string | null> {
    const contentId = sha256Of(bytes);
    if (!this.#index.has(contentId)) return null;
    await this.#payloads.put(keyOf(contentId), bytes);
    return contentId;
  }

  /** What to send next: parts of captures that are made, the oldest first. */
  next(countMax: number): SpoolEntry[] {
    return this.#index.parts(countMax);
  }

  /** Everything of one granule that is still here. */
  ofGranule(granuleKey: string): SpoolEntry[] {
    return this.#index.ofGranule(granuleKey);
  }

  /** Takes out what a making that was cut off has left: it begins again, and may cut its parts otherwise. */
  async discardUnreleased(granuleKey: string): Promise<void> {
    for (const { contentId } of this.#index.unreleased(granuleKey)) await this.acknowledge(contentId);
  }

  /** Parts of each granule that the cloud does not have yet; granules without any are not there. */
  waitingPartCounts(): ReadonlyMap<string, number> {
    return this.#index.partCounts();
  }

  /** The picture of a granule, while it is here. */
  quicklookOf(granuleKey: string): SpoolEntry | null {
    return this.#index.ofGranule(granuleKey).find(({ kind }) => kind === 'preview') ?? null;
  }

  /**
   * @throws FormatError for a payload that is not what was stored: the disk lies; NotFoundError for one that is gone.
   *   Disposition: quarantine. It can be made again from its raw cube (`restore`).
   */
  async read({ contentId, granuleKey }: SpoolEntry): Promise<Uint8Array> {
    const { bytes } = await this.#payloads.get(keyOf(contentId)).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
      throw new NotFoundError(
        `Expected payload ${contentId} of ${granuleKey}, got none. It is made again from its raw cube.`,
        { contentId, granuleKey },
        error,
      );
    });
    if (sha256Of(bytes) === contentId) return bytes;
    throw new FormatError(
      `Expected payload ${contentId} of ${granuleKey}, got other bytes: the disk is failing. It is made again from its raw cube.`,
      { contentId, granuleKey },
    );
  }

  /** The cloud has the content. Also for what is not here any more: acknowledgements come twice. */
  async acknowledge(contentId: string): Promise<void> {
    this.#index.remove(contentId);
    await this.#payloads.delete(keyOf(contentId));
  }

  totals(): SpoolTotals & { readonly budgetBytes: number } {
    return { ...this.#index.totals(), budgetBytes: this.#budgetBytes };
  }

  /** Whether acquisition has to stop because the spool is nearly full. */
  mustStopAcquisition(): boolean {
    const fraction = this.#index.totals().sizeBytes / this.#budgetBytes;
    this.#isStopped = fraction >= (this.#isStopped ? resumeFraction : stopFraction);
    return this.#isStopped;
  }

  /** Previews go first, the oldest of them first; parts never. */
  async #makeRoom(sizeBytes: number): Promise<void> {
    const lacks = (): number => this.#index.totals().sizeBytes + sizeBytes - this.#budgetBytes;
    while (lacks() > 0) {
      const preview = this.#index.oldestPreview();
      if (preview === null) {
        throw new TemporaryError(
          `Expected ${sizeBytes} bytes of room in the spool, got ${sizeBytes - lacks()} of ${this.#budgetBytes}. Wait until the link has drained it, or give it more.`,
          { sizeBytes, budgetBytes: this.#budgetBytes },
        );
      }
      await this.acknowledge(preview.contentId);
    }
  }
}

/** Folders of 256ths: a directory of a hundred thousand names is slow on small machines. */
function keyOf(contentId: string): string {
  return `${contentId.slice(0, 2)}/${contentId}`;
}

function contentIdOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
