import { openCube } from '../../formats/open-cube.ts';
import { openBronze } from '../../formats/zarr/bronze-reader.ts';
import type { KernelMemory } from '../../kernels/kernel-memory.ts';
import type { CalibrationKernel } from '../../ports/calibration-kernel.ts';
import type { Hdf5Opener } from '../../ports/hdf5-file.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { cpuOnly, type KernelOpener, type TilePool } from '../../ports/tile-pool.ts';
import { BronzeTileWriter } from './bronze-tiles.ts';
import { openParts } from './cube-inputs.ts';
import { tileMemory } from './tile-memory.ts';
import { TileProcessor } from './tile-processor.ts';
import { type TileSetup, tileCountOf } from './tile-setup.ts';
import { bronzeTileSource, rawTileSource, type TileSource } from './tile-source.ts';

export interface TileStores {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly openHdf5: Hdf5Opener;
  /** As in `ProcessContext`. */
  readonly step?: (label: string) => void;
}

/**
 * Opens what a setup names, with readers of its own: every thread calls this once.
 * @param device Calibrates instead of the CPU as long as it can; null where there is none.
 */
export async function openTileProcessor(
  setup: TileSetup,
  stores: TileStores,
  device: CalibrationKernel | null = null,
): Promise<TileProcessor> {
  const memory = tileMemory(setup);
  return new TileProcessor(setup, await openSource(setup, memory, stores, device), memory);
}

async function openSource(
  setup: TileSetup,
  memory: KernelMemory,
  { raw, warehouse, openHdf5, step }: TileStores,
  device: CalibrationKernel | null,
): Promise<TileSource> {
  const { source } = setup;
  if (source.kind === 'bronze') return bronzeTileSource(setup, await openBronze(warehouse, source.bronzeRootKey));
  const reader = await openCube(await openParts(raw, source.parts), { overrides: source.overrides, openHdf5 });
  return rawTileSource(
    setup,
    reader,
    source.coefficients,
    memory,
    new BronzeTileWriter(warehouse, source.bronzeRootKey, setup, setup.georeference?.crs ?? null, memory, step),
    device,
    step,
  );
}

/** Processes tiles one after the other in the calling thread: for one core, and for tests. */
export function sequentialTilePool(stores: TileStores, openKernel: KernelOpener = cpuOnly): TilePool {
  return {
    prepare: () => {},
    async process(setup, onTile, firstTile = 0) {
      const device = await openKernel(setup);
      try {
        const processor = await openTileProcessor(setup, stores, device?.calibrate ?? null);
        try {
          let spare: ArrayBuffer | null = null;
          for (let tileIndex = firstTile; tileIndex < tileCountOf(setup); tileIndex++) {
            const result = await processor.process(tileIndex, spare);
            await onTile(result);
            spare = result.rowGroup?.bytes.buffer ?? null;
          }
          await processor.finish();
        } finally {
          await processor.close();
        }
      } finally {
        device?.close();
      }
    },
  };
}
