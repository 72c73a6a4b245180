import { quantize } from './cell-means.ts';
import { cellRows } from './cell-rows.ts';
import {
  type EdgeMode,
  type EdgeModeReport,
  type EdgeModeSetup,
  indexColumnIdOf,
  intColumn,
  keyColumns,
  keyValues,
  ModeParts,
  vegetationOf,
} from './edge-mode.ts';
import type { PartColumn } from './edge-part.ts';
import type { EdgeTile } from './edge-tile.ts';
import { ModeIndices } from './mode-indices.ts';

export interface PixelSettings {
  readonly indexPrecision: number;
}

/** Indices per pixel: every index at full resolution, and no spectrum. */
export class PixelMode implements EdgeMode {
  readonly #setup: EdgeModeSetup;
  readonly #settings: PixelSettings;
  readonly #indices: ModeIndices;
  readonly #parts: ModeParts;

  constructor(setup: EdgeModeSetup, settings: PixelSettings) {
    this.#setup = setup;
    this.#settings = settings;
    this.#indices = new ModeIndices(setup);
    const columns = this.#indices.names.map(
      (name): PartColumn => ({ column: intColumn(indexColumnIdOf(name) + 1, name, false), kind: 'split' }),
    );
    this.#parts = new ModeParts(setup, [...keyColumns, ...columns], {
      mode: 'pixels',
      index_precision: settings.indexPrecision,
      bands_used: this.#indices.bandsUsed,
    });
  }

  add(tile: EdgeTile): void {
    const { indexPrecision } = this.#settings;
    const rows = cellRows(tile, 1, vegetationOf(tile, this.#setup));
    const values = this.#indices.map(tile, rows, ({ plane, exact, errors }) => {
      const stored = quantize(exact.mean, indexPrecision);
      errors.add(plane, rows, exact, (row) => stored.values[row]! * indexPrecision, null);
      return stored;
    });
    this.#parts.add(rows.rowCount, [...keyValues(rows), ...values]);
  }

  finish(): EdgeModeReport {
    return {
      mode: 'pixels',
      settings: { index_precision: this.#settings.indexPrecision, ndvi_min: this.#setup.ndviMin },
      ...this.#parts.finish(),
      indices: this.#indices.figures(),
      reflectance: null,
    };
  }
}
