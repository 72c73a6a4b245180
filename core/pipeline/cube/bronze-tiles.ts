import type { CoordinateSystem } from '../../cube/coordinate-system.ts';
import { encodeLocations, locationArrays, locationKey } from '../../formats/zarr/location-chunks.ts';
import { shardKey } from '../../formats/zarr/shard-layout.ts';
import { ShardWriter } from '../../formats/zarr/shard-writer.ts';
import type { CalibratedTile } from '../../ports/calibration-kernel.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { quality } from '../../radiometry/quality.ts';
import { type TileGrid, tileRange } from './tile-setup.ts';

export type PixelLocations = { readonly x: Float64Array; readonly y: Float64Array };

/** Writes each tile's shards, and its positions where every pixel has its own, to a bronze group. */
export class BronzeTileWriter {
  readonly #warehouse: ObjectStore;
  readonly #rootKey: string;
  readonly #grid: TileGrid;
  readonly #crs: CoordinateSystem | null;
  readonly #shards: ShardWriter;

  /** @param crs System of the locations; null when there are none. */
  constructor(warehouse: ObjectStore, rootKey: string, grid: TileGrid, crs: CoordinateSystem | null) {
    this.#warehouse = warehouse;
    this.#rootKey = rootKey;
    this.#grid = grid;
    this.#crs = crs;
    this.#shards = new ShardWriter(grid);
  }

  /**
   * Encodes the tile's reflectance before it returns, so that the planes may change afterwards; `tile.quality` must stay
   * until the promise settles.
   */
  async writeTile(tileIndex: number, tile: CalibratedTile, locations: PixelLocations | null): Promise<void> {
    const { lineStart, lineEnd } = tileRange(this.#grid, tileIndex);
    const pixelCount = (lineEnd - lineStart) * this.#grid.sampleCount;
    const mayBeEmpty = (band: number): boolean => (tile.bandQuality[band]! & quality.noData) !== 0;
    const isClean = (band: number): boolean => tile.bandQuality[band] === 0;
    const reflectance = this.#shards.reflectance(tile.packed, pixelCount, mayBeEmpty);
    await this.#put(shardKey(this.#rootKey, 'reflectance', tileIndex), reflectance);
    // A shard without chunks need not exist: readers take the fill value.
    if (tile.bandQuality.some((bits) => bits !== 0)) {
      const shard = this.#shards.quality(tile.quality, pixelCount, isClean);
      await this.#put(shardKey(this.#rootKey, 'quality', tileIndex), shard);
    }
    if (locations === null) return;
    const [x, y] = locationArrays(this.#crs!);
    await this.#put(locationKey(this.#rootKey, x, tileIndex), encodeLocations(locations.x, this.#grid));
    await this.#put(locationKey(this.#rootKey, y, tileIndex), encodeLocations(locations.y, this.#grid));
  }

  async #put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#warehouse.put(key, bytes);
  }
}
