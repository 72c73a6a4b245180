import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { TemporaryError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { RandomStream } from '#core/simulation/random-stream.ts';

/**
 * What happens at one call to the store: nothing; it fails without effect; its effect stays and the answer is lost; the
 * client repeats it and meets its own effect; the answer is lost and the effect comes later; the process is killed
 * before or after the effect.
 */
type Fault = 'none' | 'before' | 'lost' | 'retried' | 'late' | 'killed before' | 'killed after';

const hourMs = 3_600_000;

/** One operating system process: when it is killed its calls never return. */
export interface SimulatedProcess {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: { next(): number };
  /** Resolves when the process is killed. */
  readonly killed: Promise<'killed'>;
  readonly kill: () => void;
  /** Any other call to the outside, with its turn and its faults. */
  readonly call: SimulatedCall;
  /** Another store as this process sees it. */
  readonly storeOf: (store: ObjectStore) => ObjectStore;
}

export type SimulatedCall = <T>(label: string, perform: () => Promise<T>) => Promise<T>;

/**
 * A store, a clock and chance for any number of processes. Every call waits until the seed says that it is its turn, so that
 * a seed repeats a run call by call. Only here is anything simulated.
 */
export class SimulatedWorld {
  readonly random: RandomStream;
  /** The store itself, without turns and faults: for checks. */
  readonly store: ObjectStore;
  nowMs = Date.UTC(2026, 5, 1);
  callCount = 0;
  #waiting: (() => void)[] = [];
  readonly #faultRate: number;
  readonly #killRate: number;
  #isHealthy = false;
  readonly #onPut: (key: string, bytes: Uint8Array) => void;

  constructor(seed: number, onPut: (key: string, bytes: Uint8Array) => void, store: string) {
    this.random = new RandomStream(seed, 'world');
    // Drawn once a seed: some worlds are calm, in others every tenth call fails.
    this.#faultRate = [0, 0.01, 0.04, 0.12][this.random.index(4)]!;
    this.#killRate = [0, 0, 0.005, 0.02][this.random.index(4)]!;
    this.store = memoryObjectStore(store, { nowMs: () => this.nowMs, sleepMs: async () => {} });
    this.#onPut = onPut;
  }

  /** No faults from here on: everybody must come to an end. */
  heal(): void {
    this.#isHealthy = true;
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Gives turns until `work` has ended and nothing is under way. */
  async drive(work: Promise<unknown>, afterTurn: () => Promise<void> = async () => {}): Promise<void> {
    let isDone = false;
    let idleCount = 0;
    work.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#waiting.length === 0) {
        if (isDone) break;
        if (++idleCount > 1000) throw new Error('nobody waits for a turn and the work has not ended');
        continue;
      }
      idleCount = 0;
      const [release] = this.#waiting.splice(this.random.index(this.#waiting.length), 1);
      this.nowMs += 1 + this.random.index(50);
      if (++this.callCount > 200_000) throw new Error('the work does not end');
      release!();
      await afterTurn();
    }
    await work;
  }

  process(): SimulatedProcess {
    const world = this;
    let isDead = false;
    let die: (value: 'killed') => void = () => {};
    const killed = new Promise<'killed'>((resolve) => (die = resolve));
    const never = new Promise<never>(() => {});
    const kill = (): Promise<never> => {
      isDead = true;
      die('killed');
      return never;
    };
    // Machines disagree on the time by up to an hour, and their clocks are set back now and then.
    let skewMs = Math.round(this.random.between(-hourMs, hourMs));
    const nowMs = () => {
      if (this.random.uniform() < 0.05) skewMs = Math.round(this.random.between(-hourMs, hourMs));
      return this.nowMs + skewMs;
    };
    async function call<T>(label: string, perform: () => Promise<T>): Promise<T> {
      if (isDead) return never;
      await world.turn();
      if (isDead) return never;
      const drawn = world.#nextFault();
      // A read or a deletion that comes late is of no use to anybody: only what is written may.
      const fault = drawn === 'late' && !label.startsWith('put ') ? 'lost' : drawn;
      if (fault === 'killed before') return kill();
      if (fault === 'before') throw new TemporaryError(`Expected an answer, got a reset connection (${label}).`);
      if (fault === 'late') {
        void world.turn().then(() => perform().catch(() => undefined));
        throw new TemporaryError(`Expected an answer, got none yet (${label}).`);
      }
      const result = await perform();
      if (fault === 'none') return result;
      if (fault === 'killed after') return kill();
      if (fault === 'retried' && !label.startsWith('write ')) return perform();
      if (fault === 'retried') return result;
      throw new TemporaryError(`Expected an answer, got none (${label}).`);
    }
    return {
      store: turnStore(this.store, call, this.#onPut),
      killed,
      kill: () => void kill(),
      call,
      storeOf: (store) => turnStore(store, call, () => {}),
      random: { next: () => this.random.uniform() },
      clock: {
        nowMs,
        sleepMs: async (durationMs) => {
          await this.turn();
          if (isDead) return never;
          this.nowMs += Math.round(durationMs * this.random.uniform());
        },
      },
    };
  }

  #nextFault(): Fault {
    const chance = this.random.uniform();
    if (this.#isHealthy) return 'none';
    if (chance < this.#killRate) return this.random.uniform() < 0.5 ? 'killed before' : 'killed after';
    if (chance >= this.#killRate + this.#faultRate) return 'none';
    return (['before', 'lost', 'retried', 'late'] as const)[this.random.index(4)]!;
  }
}

/** Every call of a table writer through `call`; what a put made is told as soon as it is there. */
function turnStore(
  store: ObjectStore,
  call: SimulatedCall,
  onPut: (key: string, bytes: Uint8Array) => void,
): ObjectStore {
  const put: ObjectStore['put'] = async (key, bytes, options) => {
    const facts = await store.put(key, bytes, options);
    onPut(key, bytes);
    return facts;
  };
  return {
    rootUri: store.rootUri,
    head: (key) => call(`head ${key}`, () => store.head(key)),
    get: (key, options) => call(`get ${key}`, () => store.get(key, options)),
    put: (key, bytes, options) => call(`put ${key}`, () => put(key, bytes, options)),
    delete: (key) => call(`delete ${key}`, () => store.delete(key)),
    open: (key, options) => call(`open ${key}`, () => store.open(key, options)),
    async write(key) {
      const writer = await store.write(key);
      return {
        append: (bytes) => writer.append(bytes),
        abort: () => writer.abort(),
        commit: () => call(`write ${key}`, () => writer.commit()),
      };
    },
    async *list(prefix) {
      yield* await call(`list ${prefix}`, () => Array.fromAsync(store.list(prefix)));
    },
    getTags: (key) => call(`tags of ${key}`, () => store.getTags(key)),
    setTags: (key, tags) => call(`tag ${key}`, () => store.setTags(key, tags)),
  };
}
