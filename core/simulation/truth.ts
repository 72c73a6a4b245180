import type { GermplasmClass } from './germplasm.ts';
import { nearestBand } from './sensor.ts';

/** `truth.json`: what a perfect analysis would find. */
export interface SimulationTruth {
  readonly format_version: 1;
  readonly seed: number;
  readonly trial_id: string;
  readonly season: string;
  /** Metres left off along each plot's edge in everything said per plot. */
  readonly plot_buffer_m: number;
  readonly germplasm: readonly {
    readonly germplasm: string;
    readonly entry_type: 'entry' | 'check';
    /** Genetic advantage over the mean of the checks. */
    readonly advantage_t_ha: number;
    readonly truth: GermplasmClass;
  }[];
  readonly cubes: readonly CubeTruth[];
}

export interface CubeTruth {
  readonly cube_id: string;
  readonly key: string;
  readonly sensor_id: string;
  readonly date: string;
  /** Centres of the bands that NDVI is computed from. */
  readonly r800_nm: number;
  readonly r670_nm: number;
  /** By plot id: mean NDVI of the true reflectance of its pixels, and how many pixels. */
  readonly plots: Readonly<Record<string, { readonly ndvi: number; readonly pixel_count: number }>>;
}

/** Gathers the true NDVI of each plot while lines go by. */
export class PlotNdvi {
  readonly #r800Band: number;
  readonly #r670Band: number;
  readonly #sum: Float64Array;
  readonly #count: Float64Array;

  constructor(wavelengthNm: Float64Array, plotCount: number) {
    this.#r800Band = nearestBand(wavelengthNm, 800);
    this.#r670Band = nearestBand(wavelengthNm, 670);
    this.#sum = new Float64Array(plotCount);
    this.#count = new Float64Array(plotCount);
  }

  get bands(): { readonly r800: number; readonly r670: number } {
    return { r800: this.#r800Band, r670: this.#r670Band };
  }

  /** @param reflectance One line, addressed as in `renderLine`. */
  addLine(reflectance: Float32Array, bandStride: number, sampleStride: number, plotOfSample: Int32Array): void {
    for (let sample = 0; sample < plotOfSample.length; sample++) {
      const plotIndex = plotOfSample[sample]!;
      if (plotIndex < 0) continue;
      const r800 = reflectance[this.#r800Band * bandStride + sample * sampleStride]!;
      const r670 = reflectance[this.#r670Band * bandStride + sample * sampleStride]!;
      this.#sum[plotIndex]! += (r800 - r670) / (r800 + r670);
      this.#count[plotIndex]! += 1;
    }
  }

  /** Plots without a pixel in the frame are left out. */
  byPlot(plotIds: readonly string[]): Record<string, { ndvi: number; pixel_count: number }> {
    const plots: Record<string, { ndvi: number; pixel_count: number }> = {};
    for (const [plotIndex, plotId] of plotIds.entries()) {
      const count = this.#count[plotIndex]!;
      if (count > 0) plots[plotId] = { ndvi: this.#sum[plotIndex]! / count, pixel_count: count };
    }
    return plots;
  }
}
