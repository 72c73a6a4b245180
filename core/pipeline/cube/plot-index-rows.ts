import { dayOfDate } from '../../day.ts';
import type { Plot } from '../../plots/plot-set.ts';
import { PlotAccumulator } from '../../plots/plot-statistics.ts';
import type { ResolvedIndex } from '../../spectral-indices/resolve-index.ts';
import type { Row } from '../stage-table.ts';
import type { TileResult } from './tile-setup.ts';

/** Gathers index values by plot over the tiles of one cube, then makes the rows of gold.plot_index. */
export class PlotIndexGatherer {
  readonly #plots: readonly Plot[];
  readonly #indices: readonly ResolvedIndex[];
  readonly #pixelCounts: Uint32Array;
  /** Created when a plot's first pixel comes; one for each index. */
  readonly #accumulators: (PlotAccumulator[] | null)[];

  constructor(plots: readonly Plot[], indices: readonly ResolvedIndex[]) {
    this.#plots = plots;
    this.#indices = indices;
    this.#pixelCounts = new Uint32Array(plots.length);
    this.#accumulators = plots.map(() => null);
  }

  /** Pixels that lie in a plot, so far. */
  get pixelCount(): number {
    return this.#pixelCounts.reduce((sum, count) => sum + count, 0);
  }

  add({ plotOfPixel, indexValues }: Pick<TileResult, 'plotOfPixel' | 'indexValues'>): void {
    const pixelCount = plotOfPixel.length;
    for (let pixel = 0; pixel < pixelCount; pixel++) {
      const plot = plotOfPixel[pixel]!;
      this.#pixelCounts[plot]!++;
      let accumulators = this.#accumulators[plot]!;
      if (accumulators === null) {
        accumulators = this.#indices.map(() => new PlotAccumulator());
        this.#accumulators[plot] = accumulators;
      }
      for (let index = 0; index < accumulators.length; index++) {
        const value = indexValues[index * pixelCount + pixel]!;
        if (!Number.isNaN(value)) accumulators[index]!.add(value);
      }
    }
  }

  /** Rows of every plot that has pixels in this cube, for every index. */
  rows(identity: {
    farmId: string;
    date: string;
    cubeId: string;
    processingId: string;
    sensorId: string | null;
  }): Row[] {
    return this.#plots.flatMap((plot, position) => {
      const accumulators = this.#accumulators[position]!;
      if (accumulators === null) return [];
      return this.#indices.map((index, indexPosition) => ({
        farm_id: identity.farmId,
        acquisition_date: dayOfDate(identity.date),
        cube_id: identity.cubeId,
        processing_id: identity.processingId,
        sensor_id: identity.sensorId,
        plot_id: plot.plotId,
        trial_id: plot.trialId,
        crop: plot.crop,
        crop_row: plot.cropRow,
        germplasm: plot.germplasm,
        replicate: plot.replicate,
        block: plot.block,
        entry_type: plot.entryType,
        ...statisticsColumns(index, accumulators[indexPosition]!, this.#pixelCounts[position]!),
      }));
    });
  }
}

function statisticsColumns(index: ResolvedIndex, accumulator: PlotAccumulator, pixelCount: number): Row {
  const { validCount, mean, sd, p10, p50, p90 } = accumulator.statistics();
  return {
    spectral_index: index.name,
    pixel_count: pixelCount,
    valid_count: validCount,
    valid_fraction: validCount / pixelCount,
    mean,
    sd,
    p10,
    p50,
    p90,
    bands_used: index.bandsUsed,
    band_distance_nm: index.distanceNm,
    null_reason: index.nullReason ?? (validCount === 0 ? 'no pixel of the plot has usable bands' : null),
  };
}
