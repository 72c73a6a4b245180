import { FormatError } from '../../errors.ts';
import { packedScratchBytes } from '../../formats/parquet/encode-packed.ts';
import { streamsBytes } from '../../formats/zarr/shard-writer.ts';
import { KernelMemory } from '../../kernels/kernel-memory.ts';
import { windowBytesMax } from '../../limits.ts';
import { plainRowsBytes } from '../../radiometry/plain-rows.ts';
import type { TileGrid } from './tile-setup.ts';

/** The numbers of one tile as int16 or uint16. */
export function tileValuesBytes({ bandCount, tileLineCount, sampleCount }: TileGrid): number {
  return bandCount * tileLineCount * sampleCount * 2;
}

/**
 * One thread's memory for all that is done to a tile between its raw counts and its encoded columns: raw and packed planes,
 * coefficients, byte streams and tables. What a source does not use is never touched, and so costs nothing.
 *
 * @throws FormatError when not even one line fits what a reader may hold. Disposition: quarantine.
 */
export function tileMemory(grid: TileGrid): KernelMemory {
  const { bandCount, sampleCount, tileLineCount } = grid;
  const valuesBytes = tileValuesBytes(grid);
  if (valuesBytes > windowBytesMax) {
    throw new FormatError(
      `Expected a line of at most ${windowBytesMax} bytes as int16, got ${valuesBytes} (${bandCount} bands x ${sampleCount} samples). Cut the cube to fewer samples.`,
    );
  }
  const regions = [
    valuesBytes,
    valuesBytes,
    plainRowsBytes(bandCount, sampleCount),
    streamsBytes(grid),
    packedScratchBytes(tileLineCount * sampleCount),
  ];
  // The two plane sets end up to 15 bytes before the next region; the others count that themselves.
  return new KernelMemory(regions.reduce((sum, bytes) => sum + bytes + 16, 0));
}
