import { receiveCountMax } from '#core/limits.ts';
import type { Queue, QueueDepth, QueueMessage } from '#core/ports/queue.ts';
import type { RandomStream } from '#core/simulation/random-stream.ts';
import type { SimulatedCall } from '../properties/simulated-world.ts';

interface Entry {
  readonly id: number;
  readonly body: string;
  readonly sentMs: number;
  visibleMs: number;
  receiveCount: number;
  receipt: number;
  isDead: boolean;
}

/** FIFO queues drop a message that is like one of the last five minutes. */
const deduplicationMs = 5 * 60_000;

/**
 * A queue with the habits of SQS: `standard` doubles and reorders; `fifo` keeps its order, drops what it has just had and gives
 * nothing out while a message is being worked on.
 */
export class SimulatedQueue implements Queue {
  readonly #kind: 'standard' | 'fifo';
  readonly #visibilityTimeoutMs: number;
  readonly #world: { readonly nowMs: number; readonly random: RandomStream };
  readonly #accepted = new Map<string, number>();
  #entries: Entry[] = [];
  #nextId = 1;

  constructor(
    kind: 'standard' | 'fifo',
    world: { readonly nowMs: number; readonly random: RandomStream },
    visibilityTimeoutMs: number,
  ) {
    this.#kind = kind;
    this.#world = world;
    this.#visibilityTimeoutMs = visibilityTimeoutMs;
  }

  /** Messages that are neither deleted nor dead. */
  get liveCount(): number {
    return this.#entries.filter(({ isDead }) => !isDead).length;
  }

  async send(bodies: readonly string[]): Promise<void> {
    const { nowMs, random } = this.#world;
    for (const body of bodies) {
      if (this.#kind === 'fifo') {
        if (nowMs - (this.#accepted.get(body) ?? Number.NEGATIVE_INFINITY) < deduplicationMs) continue;
        this.#accepted.set(body, nowMs);
      }
      const count = this.#kind === 'standard' && random.uniform() < 0.05 ? 2 : 1;
      for (let copy = 0; copy < count; copy++) {
        const id = this.#nextId++;
        this.#entries.push({ id, body, sentMs: nowMs, visibleMs: nowMs, receiveCount: 0, receipt: 0, isDead: false });
      }
    }
  }

  async receive(countMax: number): Promise<QueueMessage[]> {
    const { nowMs, random } = this.#world;
    this.#bury();
    const live = this.#entries.filter(({ isDead }) => !isDead);
    if (this.#kind === 'fifo' && live.some(({ visibleMs }) => visibleMs > nowMs)) return [];
    const visible = live.filter(({ visibleMs }) => visibleMs <= nowMs);
    if (this.#kind === 'standard') random.shuffle(visible);
    const taken = visible.slice(0, countMax);
    for (const entry of taken) {
      entry.visibleMs = nowMs + this.#visibilityTimeoutMs;
      entry.receiveCount++;
      entry.receipt++;
    }
    return taken.map(messageOf);
  }

  async delete(receipts: readonly string[]): Promise<void> {
    this.#entries = this.#entries.filter((entry) => !receipts.includes(receiptOf(entry)));
  }

  async release(receipts: readonly string[], delayMs: number): Promise<void> {
    for (const entry of this.#entries) {
      if (receipts.includes(receiptOf(entry))) entry.visibleMs = this.#world.nowMs + delayMs;
    }
  }

  async depth(): Promise<QueueDepth> {
    this.#bury();
    const live = this.#entries.filter(({ isDead }) => !isDead);
    const visibleCount = live.filter(({ visibleMs }) => visibleMs <= this.#world.nowMs).length;
    const deadCount = this.#entries.length - live.length;
    return { visibleCount, hiddenCount: live.length - visibleCount, deadCount, oldestSentMs: live[0]?.sentMs ?? null };
  }

  async deadLetters(): Promise<QueueMessage[]> {
    this.#bury();
    return this.#entries.filter(({ isDead }) => isDead).map(messageOf);
  }

  async redrive(): Promise<number> {
    const dead = this.#entries.filter(({ isDead }) => isDead);
    for (const entry of dead) Object.assign(entry, { isDead: false, receiveCount: 0, visibleMs: this.#world.nowMs });
    return dead.length;
  }

  /** The queue as one process sees it. */
  through(call: SimulatedCall): Queue {
    return {
      send: (bodies) => call('send', () => this.send(bodies)),
      receive: (countMax) => call('receive', () => this.receive(countMax)),
      delete: (receipts) => call('delete messages', () => this.delete(receipts)),
      release: (receipts, delayMs) => call('release', () => this.release(receipts, delayMs)),
      depth: () => call('depth', () => this.depth()),
      deadLetters: () => call('dead letters', () => this.deadLetters()),
      redrive: () => call('redrive', () => this.redrive()),
    };
  }

  #bury(): void {
    for (const entry of this.#entries) {
      if (entry.receiveCount >= receiveCountMax && entry.visibleMs <= this.#world.nowMs) entry.isDead = true;
    }
  }
}

function receiptOf({ id, receipt }: Entry): string {
  return `${id}.${receipt}`;
}

function messageOf(entry: Entry): QueueMessage {
  const { id, body, receiveCount, sentMs } = entry;
  return { messageId: String(id), receipt: receiptOf(entry), body, receiveCount, sentMs };
}
