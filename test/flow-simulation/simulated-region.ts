import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { CubelakeError } from '#core/errors.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { jobEndedMessage, objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import type { PackMode } from '#core/pipeline/pack-manifest.ts';
import { redrive } from '#core/pipeline/redrive.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { onBatcherEvent } from '#functions/manifest-batcher/handler.ts';
import { onJobEvent } from '#functions/manifest-settler/handler.ts';
import { onReconcilerEvent } from '#functions/reconciler/handler.ts';
import { SimulatedWorld } from '../properties/simulated-world.ts';
import { pinnedTextPayload } from './pinned-text.ts';
import { SimulatedBatch } from './simulated-batch.ts';
import { SimulatedQueue } from './simulated-queue.ts';

const minuteMs = 60_000;
/** As in infra/event-queues.ts: six times what a function may take. */
const visibilityTimeoutMs = 30 * minuteMs;
const objectBatchSize = 10;

/**
 * One AWS region with the flow in it: S3 that tells of new objects late, twice, in another order or not at all; SQS, Lambda,
 * EventBridge and Batch with their habits; the real functions, catalog and committer. Time is virtual.
 */
export class SimulatedRegion {
  readonly world: SimulatedWorld;
  /** The bucket itself, without turns and faults. */
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly events: SimulatedQueue;
  readonly jobEvents: SimulatedQueue;
  readonly batch: SimulatedBatch;
  killCount = 0;
  lostCount = 0;
  #isHealthy = false;
  readonly #rows = new Map<string, readonly Record<string, unknown>[]>();
  #scheduled: { readonly dueMs: number; readonly perform: () => Promise<void> }[] = [];
  #eventNumber = 0;

  constructor(seed: number) {
    this.world = new SimulatedWorld(seed, () => {}, 'warehouse');
    const time = { nowMs: () => this.world.nowMs, sleepMs: async () => {} };
    this.raw = memoryObjectStore('raw', time);
    this.warehouse = this.world.store;
    this.events = new SimulatedQueue('standard', this.world, visibilityTimeoutMs);
    this.jobEvents = new SimulatedQueue('fifo', this.world, visibilityTimeoutMs);
    this.batch = new SimulatedBatch(this.world, {
      raw: this.raw,
      warehouse: this.warehouse,
      payloads: [pinnedTextPayload],
      onEnd: (manifestId, status, isWhole) => this.#jobEnded(manifestId, status, isWhole),
    });
    this.batch.isThrottling = this.world.random.uniform() < 0.3;
  }

  heal(): void {
    this.#isHealthy = true;
    this.batch.isThrottling = false;
    this.batch.isOnSpot = false;
    this.world.heal();
  }

  get scheduledCount(): number {
    return this.#scheduled.length;
  }

  /** Rows of a data file, which never changes. */
  async rowsOf(
    path: string,
    read: () => Promise<readonly Record<string, unknown>[]>,
  ): Promise<readonly Record<string, unknown>[]> {
    const rows = this.#rows.get(path) ?? (await read());
    this.#rows.set(path, rows);
    return rows;
  }

  /** Somebody uploads an object; S3 tells of it in its own way. */
  async upload(key: string, text: string): Promise<void> {
    await this.world.turn();
    const facts = await this.raw.put(key, Buffer.from(text));
    const message = objectCreatedMessage('raw', facts);
    this.#deliver(() => this.events.send([message]), { lost: 0.05, twice: 0.1, delayMsMax: 20 * minuteMs });
  }

  /** Messages that the queue should never have got. */
  async sendStray(): Promise<void> {
    const { random } = this.world;
    const strays = [
      'not json',
      '{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"raw"},"object":{}}}]}',
      '{"Service":"Amazon S3","Event":"s3:TestEvent"}',
      objectCreatedMessage('elsewhere', { key: 'raw_cubes/x', sizeBytes: 1, etag: 'e', lastModifiedMs: 0 }),
      objectCreatedMessage('raw', { key: 'notes/', sizeBytes: 0, etag: 'e', lastModifiedMs: 0 }),
    ];
    await this.events.send([strays[random.index(strays.length)]!]);
  }

  /** What is due by now arrives. */
  async deliverDue(): Promise<void> {
    const due = this.#scheduled.filter(({ dueMs }) => dueMs <= this.world.nowMs);
    this.#scheduled = this.#scheduled.filter(({ dueMs }) => dueMs > this.world.nowMs);
    for (const { perform } of this.world.random.shuffle(due)) await perform();
  }

  /** Lambda asks the queue of objects and calls the batcher with what it gets. @returns false when there was nothing. */
  async takeObjects(): Promise<boolean> {
    await this.world.turn();
    const messages = await this.events.receive(1 + this.world.random.index(objectBatchSize));
    if (messages.length === 0) return false;
    const Records = messages.map(({ messageId, body }) => ({ messageId, body }));
    const answer = await this.#invoke((context) => onBatcherEvent(context, { Records }, () => 60_000));
    if (answer === null || !('batchItemFailures' in answer)) return true;
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    await this.events.delete(messages.filter(({ messageId }) => !failed.has(messageId)).map(({ receipt }) => receipt));
    return true;
  }

  async pack(pack: PackMode): Promise<void> {
    await this.#invoke((context) => onBatcherEvent(context, { pack }, () => 60_000));
  }

  /** Lambda asks the FIFO queue of job ends. @returns false when there was nothing. */
  async settleOne(): Promise<boolean> {
    await this.world.turn();
    const [message] = await this.jobEvents.receive(1);
    if (message === undefined) return false;
    const answer = await this.#invoke(async (context) => ({ result: await onJobEvent(context, message.body) }));
    if (answer !== null) await this.jobEvents.delete([message.receipt]);
    return true;
  }

  async reconcile(): Promise<void> {
    await this.#invoke((context) => onReconcilerEvent(context, { reconcile: true }, 6 * 60 * minuteMs));
  }

  /** What an operator does when the trouble is over: everything that failed is tried again. */
  async redrive(): Promise<void> {
    await this.#invoke((context) => redrive(context));
  }

  /** @returns null when the call failed or its machine died. */
  async #invoke<Answer>(call: (context: SettleContext) => Promise<Answer>): Promise<Answer | null> {
    const process = this.world.process();
    const warehouse = process.storeOf(this.warehouse);
    const { clock, random } = process;
    const context: SettleContext = {
      bucket: 'raw',
      raw: process.storeOf(this.raw),
      warehouse,
      events: this.events.through(process.call),
      jobEvents: this.jobEvents.through(process.call),
      runner: this.batch.runner(process.call),
      payloads: [pinnedTextPayload],
      clock,
      ...tableAccess({ catalog: pointerCatalog(warehouse), warehouse, clock, random }),
    };
    const answer = await Promise.race([
      call(context).catch((error: unknown) => {
        // Anything else is a fault of the flow itself.
        if (error instanceof CubelakeError && error.disposition !== 'bug') return null;
        throw error;
      }),
      process.killed,
    ]);
    if (answer !== 'killed') return answer;
    this.killCount++;
    return null;
  }

  #jobEnded(manifestId: string, status: 'succeeded' | 'failed', isWhole: boolean): void {
    // Ends of array children look like the end of the job: sometimes they come, too.
    if (!isWhole && this.world.random.uniform() < 0.5) return;
    const event = { id: this.#eventNumber++, ...(JSON.parse(jobEndedMessage(manifestId, status)) as object) };
    const message = JSON.stringify(event);
    this.#deliver(() => this.jobEvents.send([message]), { lost: 0.05, twice: 0.1, delayMsMax: 5 * minuteMs });
  }

  #deliver(
    perform: () => Promise<void>,
    { lost, twice, delayMsMax }: { lost: number; twice: number; delayMsMax: number },
  ): void {
    const { random, nowMs } = this.world;
    if (!this.#isHealthy && random.uniform() < lost) {
      this.lostCount++;
      return;
    }
    for (let copy = random.uniform() < twice ? 2 : 1; copy > 0; copy--) {
      // Mostly at once, sometimes late.
      const delayMs = Math.round(random.uniform() ** 4 * delayMsMax);
      this.#scheduled.push({ dueMs: nowMs + delayMs, perform });
    }
  }
}
