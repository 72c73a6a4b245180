import type { TileResult } from './tile-setup.ts';

/** Processes single tiles of one cube; holds the open readers and all buffers that tiles share. */
export interface TileProcessor {
  process(tileIndex: number): Promise<TileResult>;
  close(): Promise<void>;
}
