import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';
import { type IndexMeans, indexMeans } from './cell-means.ts';
import type { CellRows } from './cell-rows.ts';
import type { EdgeModeSetup, IndexErrors } from './edge-mode.ts';
import type { EdgeTile } from './edge-tile.ts';
import { IndexErrorSums } from './index-errors.ts';

/** One index of one tile: its values at full resolution, their means row by row, and where a mode adds what it loses. */
export interface IndexOfTile {
  /** Shape [pixels]. */
  readonly plane: Float64Array;
  readonly exact: IndexMeans;
  readonly errors: IndexErrorSums;
}

/** The indices that the sensor gives, and what one mode loses of each. */
export class ModeIndices {
  readonly #all: readonly ResolvedIndex[];
  readonly #given: readonly { readonly index: ResolvedIndex; readonly errors: IndexErrorSums }[];

  constructor({ indices }: Pick<EdgeModeSetup, 'indices'>) {
    this.#all = indices;
    this.#given = indices
      .filter(({ bands }) => bands !== null)
      .map((index) => ({ index, errors: new IndexErrorSums(index) }));
  }

  get names(): string[] {
    return this.#given.map(({ index }) => index.name);
  }

  /** Index -> its bands, for the description of a part. */
  get bandsUsed(): Readonly<Record<string, string | null>> {
    return Object.fromEntries(this.#given.map(({ index }) => [index.name, index.bandsUsed]));
  }

  /** Visits every index of a tile, in the order of `names`. */
  map<T>(tile: EdgeTile, rows: CellRows, visit: (index: IndexOfTile) => T): T[] {
    return this.#given.map(({ index, errors }) => {
      const plane = tile.indexPlanes[this.#all.indexOf(index)]!;
      return visit({ plane, exact: indexMeans(plane, rows), errors });
    });
  }

  figures(): IndexErrors[] {
    return this.#given.map(({ errors }) => errors.figures());
  }
}
