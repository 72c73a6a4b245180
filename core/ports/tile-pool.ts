import type { TileResult, TileSetup } from '../pipeline/cube/tile-setup.ts';
import type { DeviceKernel } from './calibration-kernel.ts';

/**
 * Runs the tiles of one cube, on worker threads or in place. Results come in tile order, and only a few tiles are in
 * flight, so that memory stays bounded however long the cube is.
 */
export interface TilePool {
  /** Says that a cube of so many tiles comes soon, so that threads can start meanwhile. */
  prepare(tileCount: number): void;
  /** @param firstTile Where a job that died has got to; 0 when absent. */
  process(setup: TileSetup, onTile: (result: TileResult) => Promise<void>, firstTile?: number): Promise<void>;
}

/** Opens a device for one cube where that is worth it; null: the CPU does it all. The caller closes it after the cube. */
export type KernelOpener = (setup: TileSetup) => Promise<DeviceKernel | null>;

export const cpuOnly: KernelOpener = async () => null;
