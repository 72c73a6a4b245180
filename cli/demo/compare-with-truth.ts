import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { readTableRows, type TableContext } from '#core/pipeline/table-rows.ts';
import type { SimulationTruth } from '#core/simulation/truth.ts';
import { goldPlotIndex } from '#schemas/tables.ts';

export interface TruthComparison {
  readonly plotCount: number;
  readonly ndviRmse: number;
  readonly ndviErrorMax: number;
  /** Lines that are clearly better or clearly worse than the checks, and how many of them were decided right. */
  readonly clearCount: number;
  readonly rightCount: number;
  readonly wrong: readonly string[];
}

/** How close gold.plot_index and the decisions came to what the simulator knows. */
export async function compareWithTruth(
  tables: TableContext,
  truth: SimulationTruth,
  recommendation: TrialRecommendation,
): Promise<TruthComparison> {
  const errors: number[] = [];
  for (const cube of truth.cubes) {
    const rows = await readTableRows(
      tables,
      goldPlotIndex,
      ['plot_id', 'mean'],
      [
        { column: 'acquisition_date', op: '=', value: cube.date },
        { column: 'cube_id', op: '=', value: cube.cube_id },
        { column: 'spectral_index', op: '=', value: 'ndvi' },
      ],
    );
    for (const row of rows) {
      const expected = cube.plots[row['plot_id'] as string];
      if (expected !== undefined && row['mean'] !== null) errors.push((row['mean'] as number) - expected.ndvi);
    }
  }
  const decisionOf = new Map(recommendation.rows.map((row) => [row.germplasm, row.decision]));
  const clear = truth.germplasm.filter((line) => line.entry_type === 'entry' && line.truth !== 'near');
  const wrong = clear.filter(
    (line) => decisionOf.get(line.germplasm) !== (line.truth === 'clearly better' ? 'Advance' : 'Discard'),
  );
  return {
    plotCount: errors.length,
    ndviRmse: Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length),
    ndviErrorMax: Math.max(...errors.map(Math.abs)),
    clearCount: clear.length,
    rightCount: clear.length - wrong.length,
    wrong: wrong.map((line) => line.germplasm),
  };
}

export function truthText(comparison: TruthComparison): string {
  const { plotCount, ndviRmse, ndviErrorMax, clearCount, rightCount, wrong } = comparison;
  const lines = [
    'against the truth of the simulation',
    `  NDVI of ${plotCount} plot means: RMSE ${ndviRmse.toFixed(4)}, largest error ${ndviErrorMax.toFixed(4)}`,
    `  decisions on ${clearCount} lines clearly better or clearly worse than the checks: ${rightCount} right`,
  ];
  if (wrong.length > 0) lines.push(`  decided wrong: ${wrong.join(', ')}`);
  return lines.join('\n');
}
