import { openHdf5WhenNeeded } from '#adapters/h5wasm/open-when-needed.ts';
import { serveTiles } from '#adapters/tile-threads/serve-tiles.ts';
import { openTileProcessor } from '#core/pipeline/cube/open-tile-processor.ts';
import { type CrashPlan, jobSteps, noCrash } from './job-steps.ts';
import { openStore } from './open-store.ts';

/** Roots of the stores and what else the main thread passes on. */
export interface TileWiring {
  readonly rawUri: string;
  readonly warehouseUri: string;
  readonly crash?: CrashPlan;
}

serveTiles((setup, wiring, device) => {
  const { rawUri, warehouseUri, crash = noCrash } = wiring as TileWiring;
  const raw = openStore(rawUri);
  const warehouse = openStore(warehouseUri);
  const stores = { raw, warehouse, openHdf5: openHdf5WhenNeeded, step: jobSteps(crash) };
  return openTileProcessor(setup, stores, device);
});
