import { openHdf5WhenNeeded } from '#adapters/h5wasm/open-when-needed.ts';
import { serveTiles } from '#adapters/tile-threads/serve-tiles.ts';
import { openTileProcessor } from '#core/pipeline/cube/open-tile-processor.ts';
import { openStore } from './open-store.ts';

/** Roots of the stores, as the main thread passes them on. */
export interface TileWiring {
  readonly rawUri: string;
  readonly warehouseUri: string;
}

serveTiles((setup, wiring, device) => {
  const { rawUri, warehouseUri } = wiring as TileWiring;
  const raw = openStore(rawUri);
  const warehouse = openStore(warehouseUri);
  return openTileProcessor(setup, { raw, warehouse, openHdf5: openHdf5WhenNeeded }, device);
});
