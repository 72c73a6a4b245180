import type { ComparedCellFacts, EdgeDifferences } from '#schemas/edge-comparison.ts';
import type { Difference } from '#schemas/replacement.ts';
import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { edgeNdviTolerance, edgeReflectanceTolerance } from '../../limits.ts';
import type { EdgeVersions, GranuleFiles } from '../payload.ts';
import { comparePlots } from './compare-cube.ts';
import { type ComparedCells, compareEdgeCells, ndviMeanColumn } from './compare-edge-cells.ts';

/**
 * Field against cloud of one cube: plot means of every index, and cells of which all pixels are among those that are read.
 * What cannot be read is not compared, and the answer says why.
 */
export async function compareEdgeCube(versions: EdgeVersions): Promise<EdgeDifferences> {
  const { before, beforeId, after, warehouse } = versions;
  const of = (files: GranuleFiles, table: typeof goldPlotIndex) => files[tableName(table)] ?? [];
  const [plots, plotsSkipped] = await unlessUnreadable<Difference[]>([], async () => {
    const [old, fresh] = [of(before, goldPlotIndex), of(after, goldPlotIndex)];
    if (old.length === 0 || fresh.length === 0) return [[], 'There are no plots of both.'];
    return [await comparePlots(old, fresh, warehouse, beforeId), null];
  });
  const [cells, cellsSkipped] = await unlessUnreadable<ComparedCells>({ differences: [], facts: null }, () =>
    compareEdgeCells({
      ...versions,
      before: of(before, silverReflectance),
      after: of(after, silverReflectance),
    }),
  );
  return {
    plots,
    plots_skipped: plotsSkipped,
    cells: cells.differences,
    cells_skipped: cellsSkipped,
    cell_facts: cells.facts,
    beyond: [
      ...plots.flatMap((each) => beyondOf(each, null)),
      ...cells.differences.flatMap((each) => beyondOf(each, cells.facts)),
    ],
  };
}

/** Files that expired or that another program wrote must not stop what this is done for. */
async function unlessUnreadable<Found>(
  nothing: Found,
  compare: () => Promise<readonly [Found, string | null]>,
): Promise<readonly [Found, string | null]> {
  try {
    return await compare();
  } catch (error) {
    return [nothing, error instanceof Error ? error.message : String(error)];
  }
}

/** Other indices have scales of their own: they are stored, and alarm nobody. */
function beyondOf({ name, max_absolute: max }: Difference, facts: ComparedCellFacts | null): string[] {
  const tolerance = toleranceOf(name, facts);
  return max !== null && max > tolerance ? [`${name}: ${max.toPrecision(2)} where ${tolerance} is tolerated`] : [];
}

/** A field machine may be told to round more coarsely than the tolerance. */
function toleranceOf(name: string, facts: ComparedCellFacts | null): number {
  if (name === 'ndvi') return edgeNdviTolerance;
  if (name === ndviMeanColumn) return Math.max(edgeNdviTolerance, facts?.index_precision ?? 0);
  if (/^r\d/.test(name)) return Math.max(edgeReflectanceTolerance, facts?.reflectance_precision ?? 0);
  return Number.POSITIVE_INFINITY;
}
