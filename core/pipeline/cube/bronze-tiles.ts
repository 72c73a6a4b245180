import type { CoordinateSystem } from '../../cube/coordinate-system.ts';
import { encodeLocations, locationArrays, locationKey } from '../../formats/zarr/location-chunks.ts';
import { shardKey } from '../../formats/zarr/shard-layout.ts';
import { ShardWriter } from '../../formats/zarr/shard-writer.ts';
import type { CalibratedTile } from '../../ports/calibration-kernel.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { quality } from '../../radiometry/quality.ts';
import { type TileGrid, tileRange } from './tile-setup.ts';

/** Writes each tile's shards, and its positions where every pixel has its own, to a bronze group. */
export class BronzeTileWriter {
  readonly #warehouse: ObjectStore;
  readonly #rootKey: string;
  readonly #grid: TileGrid;
  readonly #crs: CoordinateSystem | null;
  readonly #shards: ShardWriter;

  /** @param crs System of the positions that `writeLocations` gets; null when it is never called. */
  constructor(warehouse: ObjectStore, rootKey: string, grid: TileGrid, crs: CoordinateSystem | null) {
    this.#warehouse = warehouse;
    this.#rootKey = rootKey;
    this.#grid = grid;
    this.#crs = crs;
    this.#shards = new ShardWriter(grid);
  }

  async writeTile(tileIndex: number, tile: CalibratedTile): Promise<void> {
    const { lineStart, lineEnd } = tileRange(this.#grid, tileIndex);
    const pixelCount = (lineEnd - lineStart) * this.#grid.sampleCount;
    const mayBeEmpty = (band: number): boolean => (tile.bandQuality[band]! & quality.noData) !== 0;
    const isClean = (band: number): boolean => tile.bandQuality[band] === 0;
    const reflectance = this.#shards.reflectance(tile.packed, pixelCount, mayBeEmpty);
    await this.#warehouse.put(shardKey(this.#rootKey, 'reflectance', tileIndex), reflectance);
    // A shard without chunks need not exist: readers take the fill value.
    if (tile.bandQuality.every((bits) => bits === 0)) return;
    await this.#warehouse.put(
      shardKey(this.#rootKey, 'quality', tileIndex),
      this.#shards.quality(tile.quality, pixelCount, isClean),
    );
  }

  async writeLocations(tileIndex: number, locations: { x: Float64Array; y: Float64Array }): Promise<void> {
    const [x, y] = locationArrays(this.#crs!);
    for (const [name, values] of [[x, locations.x] as const, [y, locations.y] as const]) {
      await this.#warehouse.put(locationKey(this.#rootKey, name, tileIndex), encodeLocations(values, this.#grid));
    }
  }
}
