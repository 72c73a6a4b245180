import { Worker } from 'node:worker_threads';
import { TemporaryError } from '#core/errors.ts';
import { type TileResult, type TileSetup, tileCountOf } from '#core/pipeline/cube/tile-setup.ts';
import type { DeviceKernel } from '#core/ports/calibration-kernel.ts';
import { cpuOnly, type KernelOpener, type TilePool } from '#core/ports/tile-pool.ts';
import { type CarriedError, carry, revive } from './carried-error.ts';
import { type DeviceTile, planesOf, windowOf } from './device-tile.ts';

/** What goes to a worker thread and what comes back. */
export type TileRequest =
  | { readonly setup: TileSetup; readonly hasDevice: boolean }
  | { readonly tileIndex: number; readonly spare: ArrayBuffer | null }
  /** The device is done with the tile that both threads see, or failed. */
  | { readonly calibrated: true }
  | { readonly calibrated: false; readonly error: CarriedError }
  | { readonly finish: true };
export type TileReply =
  | { readonly tileIndex: number; readonly result: TileResult }
  /** The device, which the main thread holds, shall calibrate this. */
  | { readonly calibrate: DeviceTile }
  | { readonly finished: true }
  | { readonly error: CarriedError };

export interface ThreadPoolOptions {
  readonly threadCount: number;
  /** Module that calls `serveTiles`; it wires its own stores. */
  readonly workerUrl: URL;
  /** Reaches the worker as `workerData.wiring`. */
  readonly wiring: unknown;
  /** Opens a GPU for a cube in the main thread; all threads share it. */
  readonly openKernel?: KernelOpener;
}

/**
 * Processes tiles on worker threads. Each thread has one tile in work; a thread whose result is too far ahead of the next
 * one in order waits, so that at most threadCount + 1 tiles are in work or waiting at any time.
 */
export function threadTilePool(options: ThreadPoolOptions): TilePool {
  let prepared: Worker[] = [];
  const prepare = (tileCount: number): void => {
    while (prepared.length < Math.min(options.threadCount, tileCount)) {
      const worker = new Worker(options.workerUrl, { workerData: { wiring: options.wiring } });
      // A thread that is never given a cube must not keep the process alive.
      worker.unref();
      prepared.push(worker);
    }
  };
  return {
    prepare,
    async process(setup, onTile, firstTile = 0) {
      const tileCount = tileCountOf(setup);
      prepare(tileCount);
      const workers = prepared;
      prepared = [];
      let device: DeviceKernel | null = null;
      try {
        device = await (options.openKernel ?? cpuOnly)(setup);
        for (const worker of workers) {
          worker.ref();
          worker.postMessage({ setup, hasDevice: device !== null } satisfies TileRequest);
        }
        await new TileRun(workers, { firstTile, tileCount }, device, onTile).finished;
      } finally {
        await Promise.all(workers.map((worker) => worker.terminate()));
        device?.close();
      }
    },
  };
}

class TileRun {
  readonly finished: Promise<void>;
  readonly #workers: readonly Worker[];
  readonly #tileCount: number;
  readonly #device: DeviceKernel | null;
  readonly #onTile: (result: TileResult) => Promise<void>;
  readonly #waiting = new Map<number, TileResult>();
  readonly #idle: Worker[] = [];
  /** Buffers of results that are done with. */
  readonly #spares: ArrayBuffer[] = [];
  #nextToStart: number;
  #nextToDeliver: number;
  #finishedCount = 0;
  #isDelivering = false;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(
    workers: readonly Worker[],
    { firstTile, tileCount }: { readonly firstTile: number; readonly tileCount: number },
    device: DeviceKernel | null,
    onTile: (result: TileResult) => Promise<void>,
  ) {
    this.#workers = workers;
    this.#tileCount = tileCount;
    this.#nextToStart = firstTile;
    this.#nextToDeliver = firstTile;
    this.#device = device;
    this.#onTile = onTile;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    for (const worker of workers) {
      worker.on('message', (reply: TileReply) => this.#receive(worker, reply));
      worker.on('error', (error) => this.#reject(error));
      worker.on('exit', (code) =>
        this.#reject(new TemporaryError(`Expected a tile thread to work on, it ended with code ${code}.`)),
      );
      this.#start(worker);
    }
  }

  #start(worker: Worker): void {
    if (this.#nextToStart === this.#tileCount) {
      worker.postMessage({ finish: true } satisfies TileRequest);
      return;
    }
    const isTooFarAhead = this.#nextToStart - this.#nextToDeliver > this.#workers.length;
    if (isTooFarAhead) {
      this.#idle.push(worker);
      return;
    }
    const spare = this.#spares.pop() ?? null;
    const request: TileRequest = { tileIndex: this.#nextToStart++, spare };
    worker.postMessage(request, spare === null ? [] : [spare]);
  }

  #receive(worker: Worker, reply: TileReply): void {
    if ('error' in reply) {
      this.#reject(revive(reply.error));
      return;
    }
    if ('finished' in reply) {
      this.#finishedCount++;
      this.#resolveAtEnd();
      return;
    }
    if ('calibrate' in reply) {
      this.#calibrate(worker, reply.calibrate).catch(this.#reject);
      return;
    }
    this.#waiting.set(reply.tileIndex, reply.result);
    this.#start(worker);
    this.#deliver().catch(this.#reject);
  }

  async #calibrate(worker: Worker, tile: DeviceTile): Promise<void> {
    let request: TileRequest = { calibrated: true };
    try {
      await this.#device!.calibrate(windowOf(tile), planesOf(tile));
    } catch (error) {
      request = { calibrated: false, error: carry(error) };
    }
    worker.postMessage(request);
  }

  async #deliver(): Promise<void> {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let result = this.#take(); result !== undefined; result = this.#take()) {
      await this.#onTile(result);
      if (result.rowGroup !== null) this.#spares.push(result.rowGroup.bytes.buffer);
      this.#nextToDeliver++;
      const worker = this.#idle.pop();
      if (worker !== undefined) this.#start(worker);
    }
    this.#isDelivering = false;
    this.#resolveAtEnd();
  }

  #resolveAtEnd(): void {
    if (this.#nextToDeliver === this.#tileCount && this.#finishedCount === this.#workers.length) this.#resolve();
  }

  #take(): TileResult | undefined {
    const result = this.#waiting.get(this.#nextToDeliver);
    this.#waiting.delete(this.#nextToDeliver);
    return result;
  }
}
