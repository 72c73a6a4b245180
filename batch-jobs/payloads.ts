import { availableParallelism } from 'node:os';
import { openHdf5WhenNeeded } from '#adapters/h5wasm/open-when-needed.ts';
import { threadTilePool } from '#adapters/tile-threads/thread-pool.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { plotsPayload } from '#core/pipeline/reference-tables/plots-payload.ts';
import { yieldsPayload } from '#core/pipeline/reference-tables/yields-payload.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

export interface PayloadWiring {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  /** Worker threads of one job; null takes one per core. */
  readonly threadCount: number | null;
}

/** Every payload that this build knows, wired for one process. A further payload is one line here and one folder in core. */
export function wirePayloads({ raw, warehouse, threadCount }: PayloadWiring): readonly Payload[] {
  const threads = threadCount ?? availableParallelism();
  const tilePool =
    threads === 1
      ? sequentialTilePool({ raw, warehouse, openHdf5: openHdf5WhenNeeded })
      : threadTilePool({
          threadCount: threads,
          workerUrl: new URL('./process-granule/tile-worker.ts', import.meta.url),
          wiring: { rawUri: raw.rootUri, warehouseUri: warehouse.rootUri },
        });
  return [cubePayload({ openHdf5: openHdf5WhenNeeded, tilePool }), plotsPayload, yieldsPayload];
}
