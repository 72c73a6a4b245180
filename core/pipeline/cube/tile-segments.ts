import { dataFileBytesTarget } from '../../limits.ts';
import { type TileGrid, tileCountOf } from './tile-setup.ts';

/** Half-open tiles [tileStart, tileEnd) of a cube: whole bronze shards and one silver file. */
export interface TileSegment {
  readonly index: number;
  readonly tileStart: number;
  readonly tileEnd: number;
}

/** What the key columns of a row take beside its bands: five positions of 8 bytes, and small ones. */
const keyColumnsBytes = 64;

/**
 * Cuts a cube into segments of about the same size, whose silver files come near the target: a job that dies loses the
 * segment it was at. Only the grid decides, so that every attempt cuts alike; most cubes are one segment.
 */
export function tileSegmentsOf(grid: TileGrid, bytesTarget: number = dataFileBytesTarget): TileSegment[] {
  const tileCount = tileCountOf(grid);
  const rowBytes = 2 * grid.bandCount + keyColumnsBytes;
  const cubeBytes = grid.lineCount * grid.sampleCount * rowBytes;
  const segmentCount = Math.max(1, Math.min(tileCount, Math.round(cubeBytes / bytesTarget)));
  const firstTile = (index: number): number => Math.floor((index * tileCount) / segmentCount);
  return Array.from({ length: segmentCount }, (_, index) => ({
    index,
    tileStart: firstTile(index),
    tileEnd: firstTile(index + 1),
  }));
}
