import { availableParallelism } from 'node:os';
import { openHdf5WhenNeeded } from '#adapters/h5wasm/open-when-needed.ts';
import { threadTilePool } from '#adapters/tile-threads/thread-pool.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool, type TileStores } from '#core/pipeline/cube/open-tile-processor.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { plotsPayload } from '#core/pipeline/reference-tables/plots-payload.ts';
import { yieldsPayload } from '#core/pipeline/reference-tables/yields-payload.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { cpuOnly, type KernelOpener, type TilePool } from '#core/ports/tile-pool.ts';
import { type CrashPlan, jobSteps, noCrash } from './process-granule/job-steps.ts';
import type { TileWiring } from './process-granule/tile-worker.ts';

/** What beside the CPU may calibrate, given the stores and how many threads calibrate at the same time. */
export type KernelWiring = (stores: TileStores, threadCount: number) => KernelOpener;

export interface PayloadWiring {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  /** Worker threads of one job; null takes one per core. */
  readonly threadCount: number | null;
  /** The CPU alone where absent. */
  readonly kernel?: KernelWiring;
  /** Where tiles die, in tests. */
  readonly crash?: CrashPlan;
  /** As in `CubeDependencies`. */
  readonly segmentBytesTarget?: number;
}

/** Every payload that this build knows, wired for one process. A further payload is one line here and one folder in core. */
export function wirePayloads(wiring: PayloadWiring): readonly Payload[] {
  const { segmentBytesTarget } = wiring;
  const cubes = {
    openHdf5: openHdf5WhenNeeded,
    tilePool: tilePoolOf(wiring),
    ...(segmentBytesTarget === undefined ? {} : { segmentBytesTarget }),
  };
  return [cubePayload(cubes), plotsPayload, yieldsPayload];
}

function tilePoolOf(options: PayloadWiring): TilePool {
  const { raw, warehouse, threadCount, kernel, crash = noCrash } = options;
  const threads = threadCount ?? availableParallelism();
  const stores: TileStores = { raw, warehouse, openHdf5: openHdf5WhenNeeded, step: jobSteps(crash) };
  const openKernel = kernel?.(stores, threads) ?? cpuOnly;
  if (threads === 1) return sequentialTilePool(stores, openKernel);
  const wiring: TileWiring = { rawUri: raw.rootUri, warehouseUri: warehouse.rootUri, crash };
  const workerUrl = new URL('./process-granule/tile-worker.ts', import.meta.url);
  return threadTilePool({ threadCount: threads, workerUrl, wiring, openKernel });
}
