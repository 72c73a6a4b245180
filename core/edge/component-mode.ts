import { packedScale, unusableBits } from '../radiometry/quality.ts';
import type { QuantizedColumn } from './cell-means.ts';
import { cellRows } from './cell-rows.ts';
import {
  type EdgeMode,
  type EdgeModeReport,
  type EdgeModeSetup,
  intColumn,
  keyColumns,
  keyValues,
  ModeParts,
  vegetationOf,
} from './edge-mode.ts';
import type { PartColumn } from './edge-part.ts';
import type { EdgeTile } from './edge-tile.ts';
import { ErrorSums } from './error-sums.ts';
import type { StoredReflectance } from './index-errors.ts';
import { ModeIndices } from './mode-indices.ts';
import type { PrincipalComponents } from './principal-components.ts';

export interface ComponentSettings {
  readonly components: PrincipalComponents;
  /** Band of each of the components' bands. */
  readonly bands: readonly number[];
  /** Precision of scores, in units of reflectance. */
  readonly scorePrecision: number;
}

/** Below the ids of bands. */
const componentColumnIdBase = 2000;
/** Every so many pixels are rebuilt to see what the components lose. */
const checkedPixelStep = 13;

/** Spectral components: of every pixel the scores of a few components, and the components once in every part. */
export class ComponentMode implements EdgeMode {
  readonly #setup: EdgeModeSetup;
  readonly #settings: ComponentSettings;
  readonly #indices: ModeIndices;
  readonly #reflectance = new ErrorSums();
  readonly #parts: ModeParts;

  constructor(setup: EdgeModeSetup, settings: ComponentSettings) {
    this.#setup = setup;
    this.#settings = settings;
    this.#indices = new ModeIndices(setup);
    const { components, bands, scorePrecision } = settings;
    const columns = Array.from(
      { length: components.componentCount },
      (_, at): PartColumn => ({
        column: intColumn(componentColumnIdBase + at, `component_${at + 1}`, false),
        kind: 'split',
      }),
    );
    this.#parts = new ModeParts(setup, [...keyColumns, ...columns], {
      mode: 'components',
      score_precision: scorePrecision,
      bands: bands.map((band) => setup.bandColumns[band]?.name ?? null),
      mean: base64(components.mean),
      vectors: base64(components.vectors),
    });
  }

  add(tile: EdgeTile): void {
    const rows = cellRows(tile, 1, vegetationOf(tile, this.#setup));
    const pixelOfRow = new Int32Array(rows.rowCount);
    for (let pixel = 0; pixel < rows.rowOfPixel.length; pixel++) {
      const row = rows.rowOfPixel[pixel]!;
      if (row >= 0) pixelOfRow[row] = pixel;
    }
    const scores = this.#scores(tile, pixelOfRow);
    const reflectance = this.#reflectanceOf(scores);
    this.#indices.map(tile, rows, ({ plane, exact, errors }) => errors.add(plane, rows, exact, null, reflectance));
    this.#check(tile, pixelOfRow, scores[0]!.validMask, reflectance);
    this.#parts.add(rows.rowCount, [...keyValues(rows), ...scores]);
  }

  finish(): EdgeModeReport {
    const { components, scorePrecision } = this.#settings;
    return {
      mode: 'components',
      settings: {
        component_count: components.componentCount,
        score_precision: scorePrecision,
        ndvi_min: this.#setup.ndviMin,
      },
      ...this.#parts.finish(),
      indices: this.#indices.figures(),
      reflectance: this.#reflectance.figures(),
    };
  }

  /** A pixel with an unusable value in any of the bands has no scores. */
  #scores(tile: EdgeTile, pixelOfRow: Int32Array): QuantizedColumn[] {
    const { components, bands, scorePrecision } = this.#settings;
    const { bandCount, componentCount, mean, vectors } = components;
    const pixelCount = tile.lineCount * tile.sampleCount;
    const rowCount = pixelOfRow.length;
    const validMask = new Uint8Array(rowCount).fill(1);
    const sums = new Float64Array(componentCount * rowCount);
    for (let at = 0; at < bandCount; at++) {
      const start = bands[at]! * pixelCount;
      for (let row = 0; row < rowCount; row++) {
        const pixel = start + pixelOfRow[row]!;
        if ((tile.quality[pixel]! & unusableBits) !== 0) validMask[row] = 0;
        const centred = tile.packed[pixel]! * packedScale - mean[at]!;
        for (let component = 0; component < componentCount; component++) {
          sums[component * rowCount + row]! += centred * vectors[component * bandCount + at]!;
        }
      }
    }
    return Array.from({ length: componentCount }, (_, component) => {
      const values = new Int32Array(rowCount);
      for (let row = 0; row < rowCount; row++) {
        if (validMask[row] === 1) values[row] = Math.round(sums[component * rowCount + row]! / scorePrecision);
      }
      return { values, validMask };
    });
  }

  #reflectanceOf(scores: readonly QuantizedColumn[]): StoredReflectance {
    const { components, bands, scorePrecision } = this.#settings;
    const { bandCount, mean, vectors } = components;
    const placeOfBand = new Map(bands.map((band, at) => [band, at]));
    return (band, row) => {
      const at = placeOfBand.get(band);
      if (at === undefined || scores[0]!.validMask[row] === 0) return Number.NaN;
      let value = mean[at]!;
      for (let component = 0; component < scores.length; component++) {
        value += scores[component]!.values[row]! * scorePrecision * vectors[component * bandCount + at]!;
      }
      return value;
    };
  }

  #check(tile: EdgeTile, pixelOfRow: Int32Array, validMask: Uint8Array, reflectance: StoredReflectance): void {
    const pixelCount = tile.lineCount * tile.sampleCount;
    for (let row = 0; row < pixelOfRow.length; row += checkedPixelStep) {
      if (validMask[row] === 0) continue;
      for (const band of this.#settings.bands) {
        const exact = tile.packed[band * pixelCount + pixelOfRow[row]!]! * packedScale;
        this.#reflectance.add(reflectance(band, row), exact);
      }
    }
  }
}

/** Little-endian float32. */
function base64(values: Float64Array): string {
  return Buffer.from(Float32Array.from(values).buffer).toString('base64');
}
