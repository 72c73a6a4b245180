import { packedScratchBytes } from '../../formats/parquet/encode-packed.ts';
import { streamsBytes } from '../../formats/zarr/shard-writer.ts';
import { KernelMemory } from '../../kernels/kernel-memory.ts';
import { plainRowsBytes } from '../../radiometry/plain-rows.ts';
import type { TileGrid } from './tile-setup.ts';

/** The numbers of one tile as int16 or uint16. */
export function tileValuesBytes({ bandCount, tileLineCount, sampleCount }: TileGrid): number {
  return bandCount * tileLineCount * sampleCount * 2;
}

/**
 * One thread's memory for all that is done to a tile between its raw counts and its encoded columns: raw and packed planes,
 * coefficients, byte streams and tables. What a source does not use is never touched, and so costs nothing.
 */
export function tileMemory(grid: TileGrid): KernelMemory {
  const { bandCount, sampleCount, tileLineCount } = grid;
  const regions = [
    tileValuesBytes(grid),
    tileValuesBytes(grid),
    plainRowsBytes(bandCount, sampleCount),
    streamsBytes(grid),
    packedScratchBytes(tileLineCount * sampleCount),
  ];
  // The two plane sets end up to 15 bytes before the next region; the others count that themselves.
  return new KernelMemory(regions.reduce((sum, bytes) => sum + bytes + 16, 0));
}
