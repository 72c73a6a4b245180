import { fileURLToPath } from 'node:url';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { openHdf5WhenNeeded } from '#adapters/h5wasm/open-when-needed.ts';
import { serveTiles } from '#adapters/tile-threads/serve-tiles.ts';
import { openTileProcessor } from '#core/pipeline/cube/open-tile-processor.ts';

/** Roots of the stores, as the main thread passes them on. */
export interface TileWiring {
  readonly rawUri: string;
  readonly warehouseUri: string;
}

serveTiles((setup, wiring) => {
  const { rawUri, warehouseUri } = wiring as TileWiring;
  const raw = fileObjectStore(fileURLToPath(rawUri));
  const warehouse = fileObjectStore(fileURLToPath(warehouseUri));
  return openTileProcessor(setup, { raw, warehouse, openHdf5: openHdf5WhenNeeded });
});
