import { TemporaryError } from '#core/errors.ts';
import type { PartLink, PartMessage } from '#core/ports/part-link.ts';
import type { Receipt } from '#schemas/edge-messages.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Bytes of a part here stand for so many of a real one: bandwidth is scaled, memory is not needed. */
export const byteScale = 100_000;

/** From 50 Mbit/s down to nothing, in bytes of this simulation. */
const bandwidths = [50e6, 5e6, 500e3, 50e3].map((bitsPerSecond) => bitsPerSecond / 8 / byteScale);

const hourMs = 3_600_000;

/** What has reached the cloud, and when each part first set out. */
export interface Cloud {
  readonly ids: Set<string>;
  readonly firstSent: { readonly contentId: string; readonly atMs: number }[];
  sentBytes: number;
}

/**
 * One site: a link that comes, goes and slows down, a broker that forgets some of what it took, a bridge that stands still
 * for hours, receipts that get lost, come twice and late.
 */
export class Site {
  readonly #time: VirtualTime;
  readonly #next: () => number;
  readonly cloud: Cloud = { ids: new Set(), firstSent: [], sentBytes: 0 };
  #isUp = true;
  #bytesPerSecond = bandwidths[0]!;
  #bridgeReadyMs = 0;
  #isGood = false;
  #devices = new Set<SimulatedLink>();
  readonly #seen = new Set<string>();

  constructor(time: VirtualTime, next: () => number) {
    this.#time = time;
    this.#next = next;
    this.#changeLink();
    this.#stopBridge();
  }

  /** From now on everything works. */
  becomeGood(): void {
    this.#isGood = true;
    this.#bytesPerSecond = bandwidths[0]!;
    this.#bridgeReadyMs = 0;
    this.#setUp(true);
  }

  connect(): SimulatedLink {
    const link = new SimulatedLink(this);
    this.#devices.add(link);
    return link;
  }

  leave(link: SimulatedLink): void {
    this.#devices.delete(link);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  async carry(link: SimulatedLink, { attributes: { id }, bytes }: PartMessage): Promise<void> {
    if (!this.#seen.has(id)) this.cloud.firstSent.push({ contentId: id, atMs: this.#time.elapsedMs() });
    this.#seen.add(id);
    this.cloud.sentBytes += bytes.length;
    await this.#time.sleepMs(50 + (1000 * bytes.length) / this.#bytesPerSecond);
    const isCut = !this.#devices.has(link) || !this.#isUp || (!this.#isGood && this.#next() < 0.05);
    // Cut off, it may have arrived all the same; taken by the broker, it may be forgotten all the same.
    const isTaken = isCut ? this.#next() < 0.5 : this.#isGood || this.#next() > 0.03;
    if (isTaken) this.#bridge(id);
    if (isCut) throw new TemporaryError('Expected the broker to answer, got a lost link.');
  }

  #bridge(id: string): void {
    const waitMs = Math.max(0, this.#bridgeReadyMs - this.#time.elapsedMs()) + 100 + 5000 * this.#next();
    this.#time.after(waitMs, () => {
      this.cloud.ids.add(id);
      const receiptCount = this.#isGood ? 1 : this.#next() < 0.1 ? 0 : this.#next() < 0.1 ? 2 : 1;
      for (let count = 0; count < receiptCount; count++) this.#sendReceipt(id);
    });
  }

  #sendReceipt(id: string): void {
    this.#time.after(50 + 20_000 * this.#next() ** 4, () => {
      if (!this.#isUp && this.#next() < 0.5) return;
      if (!this.#isUp) return this.#sendReceipt(id);
      for (const link of this.#devices) void link.receive({ id, outcome: 'stored', reason: null });
    });
  }

  #changeLink(): void {
    this.#time.after(hourMs * 1.2 * this.#next() ** 2, () => {
      if (this.#isGood) return;
      this.#bytesPerSecond = bandwidths[Math.floor(this.#next() * bandwidths.length)]!;
      this.#setUp(this.#next() < 0.6);
      this.#changeLink();
    });
  }

  #stopBridge(): void {
    this.#time.after(6 * hourMs * this.#next(), () => {
      if (this.#isGood) return;
      this.#bridgeReadyMs = this.#time.elapsedMs() + 2 * hourMs * this.#next();
      this.#stopBridge();
    });
  }

  #setUp(isUp: boolean): void {
    if (this.#isUp === isUp) return;
    this.#isUp = isUp;
    for (const link of this.#devices) link.tellChange(isUp);
  }
}

export class SimulatedLink implements PartLink {
  readonly #site: Site;
  #listener: (receipt: Receipt) => Promise<void> = () => Promise.resolve();
  tellChange: (isUp: boolean) => void = () => {};

  constructor(site: Site) {
    this.#site = site;
  }

  isConnected(): boolean {
    return this.#site.isUp;
  }

  publish(message: PartMessage): Promise<void> {
    return this.#site.carry(this, message);
  }

  receive(receipt: Receipt): Promise<void> {
    return this.#listener(receipt);
  }

  onReceipt(listener: (receipt: Receipt) => Promise<void>): void {
    this.#listener = listener;
  }

  onChange(listener: (isConnected: boolean, error: string | null) => void): void {
    this.tellChange = (isUp) => listener(isUp, null);
  }

  async close(): Promise<void> {
    this.#site.leave(this);
  }
}
