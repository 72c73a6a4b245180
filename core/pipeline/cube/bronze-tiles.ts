import { constants, zstdCompressSync } from 'node:zlib';
import { shardKey } from '../../formats/zarr/shard-layout.ts';
import { ShardWriter } from '../../formats/zarr/shard-writer.ts';
import type { CalibratedTile } from '../../ports/calibration-kernel.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { quality } from '../../radiometry/quality.ts';
import { type TileSetup, tileRange } from './tile-setup.ts';

/** Writes each tile's shards, and its positions where every pixel has its own, to a bronze group. */
export class BronzeTileWriter {
  readonly #warehouse: ObjectStore;
  readonly #rootKey: string;
  readonly #setup: TileSetup;
  readonly #shards: ShardWriter;

  constructor(warehouse: ObjectStore, rootKey: string, setup: TileSetup) {
    this.#warehouse = warehouse;
    this.#rootKey = rootKey;
    this.#setup = setup;
    this.#shards = new ShardWriter(setup);
  }

  async writeTile(tileIndex: number, tile: CalibratedTile): Promise<void> {
    const { lineStart, lineEnd } = tileRange(this.#setup, tileIndex);
    const pixelCount = (lineEnd - lineStart) * this.#setup.sampleCount;
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
    const { tileLineCount, sampleCount } = this.#setup;
    for (const [name, values] of [
      ['longitude', locations.x],
      ['latitude', locations.y],
    ] as const) {
      const chunk = new Float64Array(tileLineCount * sampleCount).fill(Number.NaN);
      chunk.set(values.subarray(0, chunk.length));
      const bytes = zstdCompressSync(new Uint8Array(chunk.buffer), {
        params: { [constants.ZSTD_c_compressionLevel]: 1 },
      });
      await this.#warehouse.put(`${this.#rootKey}/${name}/c/${tileIndex}/0`, bytes);
    }
  }
}
