import { parquetMetadataAsync } from 'hyparquet';
import { z } from 'zod';
import type { EdgeComparison } from '#schemas/edge-comparison.ts';
import { partFactsKey } from '#schemas/edge-messages.ts';
import type { Difference } from '#schemas/replacement.ts';
import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import { keyOf } from '../../formats/iceberg/table-location.ts';
import { readColumns } from '../../formats/parquet/read-columns.ts';
import { asyncBuffer, boundedZstd } from '../../formats/parquet/read-rows.ts';
import { edgeNdviTolerance, edgeReflectanceTolerance } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { parseJson } from '../ledger.ts';
import type { GranuleFiles } from '../payload.ts';
import { comparedColumns, comparePlots } from './compare-cube.ts';
import { DifferenceSum } from './difference-sum.ts';

/** Row groups of the cloud's rows that are read: some hundred thousand pixels, spread over the cube. */
const rowGroupCountMax = 16;

const ndviMeanColumn = 'ndvi_mean';

type Answer = Pick<EdgeComparison, 'plots' | 'cells' | 'cells_skipped' | 'beyond'>;

/** Field against cloud of one cube: plot means of every index, and cells of which all pixels are among those that are read. */
export async function compareEdgeCube(
  before: GranuleFiles,
  after: GranuleFiles,
  warehouse: ObjectStore,
): Promise<Answer> {
  const plots = await comparePlots(
    before[tableName(goldPlotIndex)] ?? [],
    after[tableName(goldPlotIndex)] ?? [],
    warehouse,
  );
  const pixels = tableName(silverReflectance);
  const { cells, skipped } = await compareCells(before[pixels] ?? [], after[pixels] ?? [], warehouse);
  return { plots, cells, cells_skipped: skipped, beyond: [...plots, ...cells].flatMap(beyondOf) };
}

/** Other indices have scales of their own: they are stored, and alarm nobody. */
function beyondOf({ name, max_absolute: max }: Difference): string[] {
  const isNdvi = name === 'ndvi' || name === ndviMeanColumn;
  const tolerance = isNdvi
    ? edgeNdviTolerance
    : /^r\d/.test(name)
      ? edgeReflectanceTolerance
      : Number.POSITIVE_INFINITY;
  return max !== null && max > tolerance ? [`${name}: ${max.toPrecision(2)} where ${tolerance} is tolerated`] : [];
}

async function compareCells(
  before: readonly DataFile[],
  after: readonly DataFile[],
  warehouse: ObjectStore,
): Promise<{ readonly cells: Difference[]; readonly skipped: string | null }> {
  if (before.length === 0 || after.length === 0) return { cells: [], skipped: 'There are no cells or no pixels.' };
  const names = await comparedColumns(before, after, warehouse);
  const stored = await cellsOf(before, names, warehouse);
  if (stored === null) return { cells: [], skipped: 'The files of the field do not say how large their cells are.' };
  const found = await pixelMeans(after, names, stored.cellSize, warehouse);
  const sums = names.map((name) => new DifferenceSum(name));
  let count = 0;
  for (const [key, { pixelCount, values }] of stored.cells) {
    const pixels = found.get(key);
    // Other pixels of the cell were not read, or were left out in the field because they are no vegetation.
    if (pixels?.pixelCount !== pixelCount) continue;
    count++;
    for (const [at, sum] of sums.entries()) sum.add(values[at]!, pixels.sums[at]! / pixels.counts[at]!);
  }
  if (count === 0) return { cells: [], skipped: 'No cell has all of its pixels among those that were read.' };
  return { cells: sums.map((sum) => sum.result()), skipped: null };
}

interface StoredCells {
  readonly cellSize: number;
  /** By first line and sample and plot. */
  readonly cells: ReadonlyMap<string, { readonly pixelCount: number; readonly values: readonly number[] }>;
}

const cellFactsShape = z.object({ cell_size: z.number().int().positive() });

async function cellsOf(
  files: readonly DataFile[],
  names: readonly string[],
  warehouse: ObjectStore,
): Promise<StoredCells | null> {
  const cells = new Map<string, { pixelCount: number; values: number[] }>();
  let cellSize: number | null = null;
  for (const file of files) {
    await withSource(warehouse, file, async (source) => {
      const metadata = await parquetMetadataAsync(asyncBuffer(source));
      const said = metadata.key_value_metadata?.find(({ key }) => key === partFactsKey)?.value;
      const facts = cellFactsShape.safeParse(parseJson(said ?? ''));
      cellSize =
        facts.success && (cellSize ?? facts.data.cell_size) === facts.data.cell_size ? facts.data.cell_size : -1;
      const wanted = ['line', 'sample', 'plot_id', 'pixel_count', ...names];
      const range = { rowStart: 0, rowEnd: Number(metadata.num_rows) };
      const [line, sample, plot, pixelCount, ...values] = await readColumns(rangeOf(source, metadata, range), wanted);
      for (let row = 0; row < range.rowEnd; row++) {
        const key = keyOfCell(line![row], sample![row], plot![row]);
        cells.set(key, { pixelCount: Number(pixelCount![row]), values: values.map((column) => numberOf(column[row])) });
      }
    });
  }
  return cellSize === null || cellSize < 1 ? null : { cellSize, cells };
}

interface PixelSums {
  pixelCount: number;
  readonly sums: number[];
  readonly counts: number[];
}

/** Sums over the cells of the row groups that are read. */
async function pixelMeans(
  files: readonly DataFile[],
  names: readonly string[],
  cellSize: number,
  warehouse: ObjectStore,
): Promise<Map<string, PixelSums>> {
  const cells = new Map<string, PixelSums>();
  const groupCount = files.reduce((sum, { splitOffsets }) => sum + splitOffsets.length, 0);
  const step = Math.max(1, groupCount / rowGroupCountMax);
  let position = 0;
  let taken = 0;
  for (const file of files) {
    await withSource(warehouse, file, async (source) => {
      const metadata = await parquetMetadataAsync(asyncBuffer(source));
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        if (position++ >= Math.floor(taken * step)) {
          taken++;
          const columns = await readColumns(rangeOf(source, metadata, { rowStart, rowEnd }), [
            'line',
            'sample',
            'plot_id',
            ...names,
          ]);
          addPixels(cells, columns, cellSize);
        }
        rowStart = rowEnd;
      }
    });
  }
  return cells;
}

function addPixels(cells: Map<string, PixelSums>, columns: readonly ArrayLike<unknown>[], cellSize: number): void {
  const [line, sample, plot, ...values] = columns as [ArrayLike<unknown>, ArrayLike<unknown>, ArrayLike<unknown>];
  const first = (position: unknown): number => Math.floor(Number(position) / cellSize) * cellSize;
  for (let row = 0; row < line.length; row++) {
    const key = keyOfCell(first(line[row]), first(sample[row]), plot[row]);
    const cell = cells.get(key) ?? { pixelCount: 0, sums: values.map(() => 0), counts: values.map(() => 0) };
    cells.set(key, cell);
    cell.pixelCount++;
    for (const [at, column] of (values as ArrayLike<unknown>[]).entries()) {
      const value = numberOf(column[row]);
      if (Number.isNaN(value)) continue;
      cell.sums[at]! += value;
      cell.counts[at]!++;
    }
  }
}

function keyOfCell(line: unknown, sample: unknown, plot: unknown): string {
  return `${Number(line)} ${Number(sample)} ${plot ?? ''}`;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

function rangeOf(
  source: ByteSource,
  metadata: Awaited<ReturnType<typeof parquetMetadataAsync>>,
  rows: { readonly rowStart: number; readonly rowEnd: number },
) {
  return { file: asyncBuffer(source), metadata, compressors: boundedZstd(source), ...rows };
}

async function withSource(
  warehouse: ObjectStore,
  file: DataFile,
  work: (source: ByteSource) => Promise<void>,
): Promise<void> {
  const source = await warehouse.open(keyOf(warehouse, file.path));
  try {
    await work(source);
  } finally {
    await source.close();
  }
}
