/** What gold.plot_index says of one plot, cube and index, as far as pooling needs it. */
export interface PlotMean {
  readonly plotId: string;
  readonly cubeId: string;
  readonly validCount: number;
  readonly mean: number;
  /** null below two pixels. */
  readonly sd: number | null;
}

export interface PooledStatistics {
  readonly plotCount: number;
  readonly cubeCount: number;
  readonly validCount: number;
  readonly mean: number;
  readonly sd: number | null;
  readonly plotMeanMin: number;
  readonly plotMeanMax: number;
}

/**
 * Mean and standard deviation over all pixels of several plots, from each plot's own: the deviation has the spread inside
 * the plots and the spread between them.
 *
 *   N = sum n;  mean = sum n m / N;  sd^2 = sum [(n - 1) s^2 + n (m - mean)^2] / (N - 1)
 *
 * @param plots At least one, each with validCount > 0.
 * @source Decomposition of the total sum of squares, as in one-way analysis of variance.
 */
export function poolPlots(plots: readonly PlotMean[]): PooledStatistics {
  const validCount = plots.reduce((sum, plot) => sum + plot.validCount, 0);
  const mean = plots.reduce((sum, plot) => sum + plot.validCount * plot.mean, 0) / validCount;
  const squares = plots.reduce(
    (sum, { validCount: n, mean: m, sd }) => sum + (n - 1) * (sd ?? 0) ** 2 + n * (m - mean) ** 2,
    0,
  );
  return {
    plotCount: new Set(plots.map((plot) => plot.plotId)).size,
    cubeCount: new Set(plots.map((plot) => plot.cubeId)).size,
    validCount,
    mean,
    sd: validCount > 1 ? Math.sqrt(squares / (validCount - 1)) : null,
    plotMeanMin: Math.min(...plots.map((plot) => plot.mean)),
    plotMeanMax: Math.max(...plots.map((plot) => plot.mean)),
  };
}
