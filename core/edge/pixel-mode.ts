import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';
import { indexMeans, quantize } from './cell-means.ts';
import { cellRows } from './cell-rows.ts';
import {
  type EdgeMode,
  type EdgeModeReport,
  type EdgeModeSetup,
  givenIndices,
  indexColumnId,
  intColumn,
  keyColumns,
  keyValues,
  ModeParts,
  planeOf,
  vegetationOf,
} from './edge-mode.ts';
import type { PartColumn } from './edge-part.ts';
import type { EdgeTile } from './edge-tile.ts';
import { IndexErrorSums } from './index-errors.ts';

export interface PixelSettings {
  readonly indexPrecision: number;
}

/** Indices per pixel: every index at full resolution, and no spectrum. */
export class PixelMode implements EdgeMode {
  readonly #setup: EdgeModeSetup;
  readonly #settings: PixelSettings;
  readonly #given: readonly ResolvedIndex[];
  readonly #errors: readonly IndexErrorSums[];
  readonly #parts: ModeParts;

  constructor(setup: EdgeModeSetup, settings: PixelSettings) {
    this.#setup = setup;
    this.#settings = settings;
    this.#given = givenIndices(setup);
    this.#errors = this.#given.map((index) => new IndexErrorSums(index));
    const columns = this.#given.map(
      ({ name }): PartColumn => ({ column: intColumn(indexColumnId(name) + 1, name, false), kind: 'split' }),
    );
    this.#parts = new ModeParts(setup, [...keyColumns, ...columns], {
      mode: 'pixels',
      index_precision: settings.indexPrecision,
      bands_used: Object.fromEntries(this.#given.map(({ name, bandsUsed }) => [name, bandsUsed])),
    });
  }

  add(tile: EdgeTile): void {
    const { indexPrecision } = this.#settings;
    const rows = cellRows(tile, 1, vegetationOf(tile, this.#setup));
    const values = this.#given.map(({ name }, at) => {
      const plane = planeOf(tile, this.#setup, name);
      const exact = indexMeans(plane, rows);
      const stored = quantize(exact.mean, indexPrecision);
      this.#errors[at]!.add(plane, rows, exact, (row) => stored.values[row]! * indexPrecision, null);
      return stored;
    });
    this.#parts.add(rows.rowCount, [...keyValues(rows), ...values]);
  }

  finish(): EdgeModeReport {
    return {
      mode: 'pixels',
      settings: { index_precision: this.#settings.indexPrecision, ndvi_min: this.#setup.ndviMin },
      ...this.#parts.finish(),
      indices: this.#errors.map((errors) => errors.figures()),
      reflectance: null,
    };
  }
}
