import { packedScale } from '../radiometry/quality.ts';
import { bandMeans, quantize } from './cell-means.ts';
import { cellRows } from './cell-rows.ts';
import {
  allValid,
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
import type { StoredReflectance } from './index-errors.ts';
import { ModeIndices } from './mode-indices.ts';

export interface CellSettings {
  /** Pixels along the side of a cell. */
  readonly cellSize: number;
  /** Precision of stored reflectance, in ten-thousandths. */
  readonly stepPacked: number;
}

/** Precision of index means and standard deviations. */
const indexPrecision = 1e-4;

/**
 * Spectra per cell: the mean spectrum of every cell of n x n pixels, plot by plot, and of every index the mean and the
 * standard deviation of the full-resolution values, because an index of means is not the mean of an index.
 */
export class CellMode implements EdgeMode {
  readonly #setup: EdgeModeSetup;
  readonly #settings: CellSettings;
  readonly #indices: ModeIndices;
  /** Bands that have a column. */
  readonly #bands: readonly number[];
  readonly #parts: ModeParts;

  constructor(setup: EdgeModeSetup, settings: CellSettings) {
    this.#setup = setup;
    this.#settings = settings;
    this.#indices = new ModeIndices(setup);
    this.#bands = setup.bandColumns.flatMap((column, band) => (column === null ? [] : [band]));
    this.#parts = new ModeParts(setup, this.#columns(), {
      mode: 'cells',
      cell_size: settings.cellSize,
      reflectance_precision: settings.stepPacked * packedScale,
      index_precision: indexPrecision,
      bands_used: this.#indices.bandsUsed,
    });
  }

  add(tile: EdgeTile): void {
    const { cellSize, stepPacked } = this.#settings;
    const rows = cellRows(tile, cellSize, vegetationOf(tile, this.#setup));
    const spectra = this.#bands.map((band) => bandMeans(tile, rows, band, stepPacked));
    const columnOfBand = new Map(this.#bands.map((band, at) => [band, spectra[at]!]));
    const reflectance: StoredReflectance = (band, row) => {
      const column = columnOfBand.get(band);
      return column?.validMask[row] === 1 ? column.values[row]! * stepPacked * packedScale : Number.NaN;
    };
    const indexValues = this.#indices.map(tile, rows, ({ plane, exact, errors }) => {
      const stored = quantize(exact.mean, indexPrecision);
      errors.add(plane, rows, exact, (row) => stored.values[row]! * indexPrecision, reflectance);
      return [allValid(exact.validCount), stored, quantize(exact.sd, indexPrecision)];
    });
    this.#parts.add(rows.rowCount, [...keyValues(rows), ...indexValues.flat(), ...spectra]);
  }

  finish(): EdgeModeReport {
    return {
      mode: 'cells',
      settings: {
        cell_size: this.#settings.cellSize,
        reflectance_precision: this.#settings.stepPacked * packedScale,
        ndvi_min: this.#setup.ndviMin,
      },
      ...this.#parts.finish(),
      indices: this.#indices.figures(),
      reflectance: null,
    };
  }

  #columns(): PartColumn[] {
    return [
      ...keyColumns,
      ...this.#indices.names.flatMap((name): PartColumn[] => {
        const id = indexColumnIdOf(name);
        return [
          { column: intColumn(id, `${name}_count`, true), kind: 'repeated' },
          { column: intColumn(id + 1, `${name}_mean`, false), kind: 'split' },
          { column: intColumn(id + 2, `${name}_sd`, false), kind: 'split' },
        ];
      }),
      ...this.#bands.map((band): PartColumn => {
        const { id, name } = this.#setup.bandColumns[band]!;
        return { column: intColumn(id, name, false), kind: 'split' };
      }),
    ];
  }
}
