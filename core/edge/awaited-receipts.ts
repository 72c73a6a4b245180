interface Sent {
  readonly firstMs: number;
  lastMs: number;
  count: number;
}

/** Doublings of the wait for a receipt: from two minutes to half an hour. */
const doublingCountMax = 4;

/**
 * Parts that were sent and have no receipt, and which of them to send again. Brokers and bridges keep the order of a device's
 * parts: one is lost when a later one has its receipt. While nothing comes they stand still, with all that they were given;
 * then only the oldest is sent again, less and less often, so that hours without a bridge fill no broker.
 */
export class AwaitedReceipts {
  readonly #waitMs: number;
  readonly #sent = new Map<string, Sent>();
  /** When the latest part that has a receipt was first sent. */
  #receiptedMs = Number.NEGATIVE_INFINITY;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Before a part goes: its receipt may be here before the broker's answer. */
  sending(id: string, nowMs: number): void {
    const { firstMs, count } = this.#sent.get(id) ?? { firstMs: nowMs, count: 0 };
    this.#sent.set(id, { firstMs, lastMs: nowMs, count: count + 1 });
  }

  /** The broker has it: on a slow link long after it set out. */
  taken(id: string, nowMs: number): void {
    const sent = this.#sent.get(id);
    if (sent !== undefined) sent.lastMs = nowMs;
  }

  /** The link broke, or nothing went. */
  failed(id: string): void {
    this.#sent.delete(id);
  }

  received(id: string): void {
    // Which of several copies is not known: the first tells too little at worst.
    this.#receiptedMs = Math.max(this.#receiptedMs, this.#sent.get(id)?.firstMs ?? this.#receiptedMs);
    this.#sent.delete(id);
  }

  /** A broker that has started again may have lost what it had. */
  reconnected(): void {
    for (const sent of this.#sent.values()) sent.count = 1;
  }

  /** Whether to send this part now. */
  isDue(id: string, { isOldest, nowMs }: { isOldest: boolean; nowMs: number }): boolean {
    const sent = this.#sent.get(id);
    if (sent === undefined) return true;
    const waitMs = this.#waitMs * 2 ** Math.min(sent.count - 1, doublingCountMax);
    return nowMs - sent.lastMs >= waitMs && (isOldest || sent.firstMs < this.#receiptedMs);
  }
}
