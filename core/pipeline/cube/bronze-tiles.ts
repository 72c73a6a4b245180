import type { CoordinateSystem } from '../../cube/coordinate-system.ts';
import { encodeLocations, locationArrays, locationKey } from '../../formats/zarr/location-chunks.ts';
import { shardKey } from '../../formats/zarr/shard-layout.ts';
import { ShardWriter } from '../../formats/zarr/shard-writer.ts';
import type { KernelMemory } from '../../kernels/kernel-memory.ts';
import type { CalibratedTile } from '../../ports/calibration-kernel.ts';
import type { ObjectFacts, ObjectStore } from '../../ports/object-store.ts';
import { quality } from '../../radiometry/quality.ts';
import { objectVersions } from '../granule-version.ts';
import { type StoredTile, type TileGrid, tileRange } from './tile-setup.ts';

export type PixelLocations = { readonly x: Float64Array; readonly y: Float64Array };

/**
 * Writes each tile's shards, and its positions where every pixel has its own, to a bronze group. Storing a tile goes on
 * while the next one is calibrated: a disk that must have the bytes for sure answers late.
 */
export class BronzeTileWriter {
  readonly #warehouse: ObjectStore;
  readonly #rootKey: string;
  readonly #grid: TileGrid;
  readonly #crs: CoordinateSystem | null;
  readonly #reflectanceShards: ShardWriter;
  readonly #qualityShards: ShardWriter;
  readonly #step: (label: string) => void;
  #storing: Promise<StoredTile | null> = Promise.resolve(null);

  /**
   * @param crs System of the locations; null when there are none.
   * @param memory Where the planes of reflectance lie.
   * @param step As in `ProcessContext`: called when a tile is stored.
   */
  constructor(
    warehouse: ObjectStore,
    rootKey: string,
    grid: TileGrid,
    crs: CoordinateSystem | null,
    memory: KernelMemory,
    step: (label: string) => void = () => {},
  ) {
    this.#step = step;
    this.#warehouse = warehouse;
    this.#rootKey = rootKey;
    this.#grid = grid;
    this.#crs = crs;
    this.#reflectanceShards = new ShardWriter(grid, memory);
    this.#qualityShards = new ShardWriter(grid);
  }

  /**
   * Encodes a tile, once the one before is stored, and starts to store it: the planes may change when the promise has
   * resolved. It fails with the error of the one before.
   * @returns The tile before, all of which is stored; null for the first.
   */
  async writeTile(
    tileIndex: number,
    tile: CalibratedTile,
    locations: PixelLocations | null,
  ): Promise<StoredTile | null> {
    const stored = await this.#storing;
    const { lineStart, lineEnd } = tileRange(this.#grid, tileIndex);
    const pixelCount = (lineEnd - lineStart) * this.#grid.sampleCount;
    const mayBeEmpty = (band: number): boolean => (tile.bandQuality[band]! & quality.noData) !== 0;
    const isClean = (band: number): boolean => tile.bandQuality[band] === 0;
    const reflectance = this.#reflectanceShards.reflectance(tile.packed, pixelCount, mayBeEmpty);
    const objects = [{ key: shardKey(this.#rootKey, 'reflectance', tileIndex), bytes: reflectance }];
    // A shard without chunks need not exist: readers take the fill value.
    if (tile.bandQuality.some((bits) => bits !== 0)) {
      const shard = this.#qualityShards.quality(tile.quality, pixelCount, isClean);
      objects.push({ key: shardKey(this.#rootKey, 'quality', tileIndex), bytes: shard });
    }
    if (locations !== null) {
      const [x, y] = locationArrays(this.#crs!);
      for (const [name, values] of [[x, locations.x] as const, [y, locations.y] as const]) {
        const bytes = encodeLocations(values, this.#grid);
        objects.push({ key: locationKey(this.#rootKey, name, tileIndex), bytes });
      }
    }
    this.#storing = this.#put(tileIndex, objects);
    // Told by the next call; until then it must not count as unhandled.
    this.#storing.catch(() => {});
    return stored;
  }

  /** Settles when every tile is stored. */
  async finish(): Promise<void> {
    await this.#storing;
  }

  async #put(tileIndex: number, objects: readonly { key: string; bytes: Uint8Array }[]): Promise<StoredTile> {
    const stored: ObjectFacts[] = [];
    for (const { key, bytes } of objects) stored.push(await this.#warehouse.put(key, bytes));
    this.#step(`shard:${tileIndex}`);
    return { tileIndex, objects: objectVersions(stored) };
  }
}
