import { cellFactColumns } from '#schemas/edge-columns.ts';
import { type ComparedCellFacts, comparedCellFactsSchema } from '#schemas/edge-comparison.ts';
import type { Difference } from '#schemas/replacement.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import { keyOf } from '../../formats/iceberg/table-location.ts';
import { openRowGroups, type RowGroup, type RowGroupFile } from '../../formats/parquet/row-groups.ts';
import { comparedCellCountMax } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { quality } from '../../radiometry/quality.ts';
import { processingColumn } from '../granule-files.ts';
import type { EdgeVersions } from '../payload.ts';
import { CellSums } from './cell-sums.ts';
import { comparedColumns } from './compare-cube.ts';
import { DifferenceSum } from './difference-sum.ts';

export const ndviMeanColumn = 'ndvi_mean';

/** The files of silver.reflectance alone. */
export interface EdgeCellVersions extends Omit<EdgeVersions, 'before' | 'after'> {
  readonly before: readonly DataFile[];
  readonly after: readonly DataFile[];
}

export interface ComparedCells {
  readonly differences: Difference[];
  readonly facts: ComparedCellFacts | null;
}

/** The cloud keeps such values of a band, the field leaves them out of means; which band it was nobody can tell any more. */
const doubtfulBits = quality.saturated | quality.lowReference;

/**
 * Stored means of cells against the means of the cloud's pixels. Only cells count of which every pixel was read: all those of
 * the cell, of its plot, and of the vegetation if the field kept no others.
 *
 * @param versions Files of the cloud have a row group for each tile of whole lines.
 * @returns The differences, or none and why.
 */
export async function compareEdgeCells(versions: EdgeCellVersions): Promise<readonly [ComparedCells, string | null]> {
  const { before, beforeId, after, warehouse, rowGroupCountMax } = versions;
  const nothing: ComparedCells = { differences: [], facts: null };
  if (before.length === 0 || after.length === 0) return [nothing, 'There are no cells or no pixels.'];
  const files = new OpenFiles(warehouse);
  try {
    const stored: RowGroupFile[] = [];
    for (const file of before) stored.push(await files.open(file));
    const facts = await factsOf(stored, beforeId);
    if (facts === null) return [nothing, 'The rows of the field do not say alike how large their cells are.'];
    const names = await comparedColumns(before, after, warehouse);
    const sums = new CellSums(names, facts.cell_size);
    const sample = await sampledGroups(files, after, facts.cell_size, rowGroupCountMax);
    for (const group of sample) await sums.add(await group(), Math.floor(comparedCellCountMax / sample.length));
    const comparison = new CellComparison(names, beforeId);
    for (const { groups } of stored) for (const group of groups) await comparison.add(sums, group);
    const skipped = comparison.skipped();
    return skipped === null ? [{ differences: comparison.results(), facts }, null] : [nothing, skipped];
  } finally {
    await files.close();
  }
}

const factNames = cellFactColumns.map(({ name }) => name);

/** What all rows of a processing say alike; null where one says nothing or something else. */
async function factsOf(files: readonly RowGroupFile[], processingId: string): Promise<ComparedCellFacts | null> {
  let facts: readonly unknown[] | null = null;
  for (const group of files.flatMap(({ groups }) => groups)) {
    if (!factNames.every((name) => group.names.has(name))) return null;
    const [processing, ...said] = await group.read([processingColumn, ...factNames]);
    for (let row = 0; row < group.rowCount; row++) {
      if (processing![row] !== processingId) continue;
      facts ??= said.map((column) => column[row]);
      if (!said.every((column, at) => column[row] === facts![at])) return null;
    }
  }
  const named = Object.fromEntries(factNames.map((name, at) => [name, facts?.[at]]));
  return comparedCellFactsSchema.safeParse(named).data ?? null;
}

type LazyGroup = () => Promise<RowGroup>;

/** Runs of adjacent row groups, spread over the cube, each long enough for a whole cell wherever it begins. */
async function sampledGroups(
  files: OpenFiles,
  after: readonly DataFile[],
  cellSize: number,
  rowGroupCountMax: number,
): Promise<LazyGroup[]> {
  const ordered = after.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const groups = ordered.flatMap((file) =>
    file.splitOffsets.map((_, at) => async () => (await files.open(file)).groups[at]!),
  );
  const lines = (await groups[0]?.())?.bounds('line') ?? { least: 0, most: 0 };
  const longEnough = Math.ceil((2 * cellSize - 1) / (lines.most - lines.least + 1));
  const runLength = Math.max(1, Math.min(longEnough, rowGroupCountMax, groups.length));
  const runCount = Math.max(1, Math.floor(Math.min(groups.length, rowGroupCountMax) / runLength));
  const step = groups.length / runCount;
  const runs = Array.from({ length: runCount }, (_, run) =>
    // In the middle of its share of the cube.
    groups.slice(Math.floor(run * step + (step - runLength) / 2)).slice(0, runLength),
  );
  return runs.flat();
}

/** Goes through the field's cells once, row group by row group. */
class CellComparison {
  readonly #names: readonly string[];
  readonly #processingId: string;
  readonly #differences: readonly DifferenceSum[];
  readonly #ndvi = new DifferenceSum(ndviMeanColumn);
  #count = 0;
  #doubtfulCount = 0;

  constructor(names: readonly string[], processingId: string) {
    this.#names = names;
    this.#processingId = processingId;
    this.#differences = names.map((name) => new DifferenceSum(name));
  }

  async add(sums: CellSums, group: RowGroup): Promise<void> {
    const lines = group.bounds('line');
    if (lines !== null && !sums.hasLines(lines)) return;
    const keys = [processingColumn, 'line', 'sample', 'plot_id', 'pixel_count', 'quality'];
    const indexNames = [ndviMeanColumn, 'ndvi_count'].filter((name) => group.names.has(name));
    const columns = await group.read([...keys, ...this.#names, ...indexNames]);
    const [processing, line, sample, plot, pixelCount, bits, ...values] = columns;
    const [ndviMean, ndviCount] = values.splice(this.#names.length);
    for (let row = 0; row < group.rowCount; row++) {
      if (processing![row] !== this.#processingId) continue;
      const cell = sums.cell(line![row], sample![row], plot![row]);
      if (cell?.pixelCount !== Number(pixelCount![row])) continue;
      if ((Number(bits![row]) & doubtfulBits) !== 0) {
        this.#doubtfulCount++;
        continue;
      }
      this.#count++;
      for (const [at, difference] of this.#differences.entries())
        difference.add(numberOf(values[at]![row]), cell.means[at]!);
      if (cell.ndviCount > 0 && Number(ndviCount?.[row]) === cell.ndviCount)
        this.#ndvi.add(numberOf(ndviMean![row]), cell.ndviMean);
    }
  }

  results(): Difference[] {
    const ndvi = this.#ndvi.result();
    return [...this.#differences.map((difference) => difference.result()), ...(ndvi.count > 0 ? [ndvi] : [])];
  }

  /** Why nothing was compared; null when something was. */
  skipped(): string | null {
    if (this.#count > 0) return null;
    return this.#doubtfulCount > 0
      ? 'Every cell has saturated pixels or lost references.'
      : 'No cell has all of its pixels among those that were read.';
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

/** Each file is opened once. */
class OpenFiles {
  readonly #warehouse: ObjectStore;
  readonly #files = new Map<string, { readonly source: ByteSource; readonly file: RowGroupFile }>();

  constructor(warehouse: ObjectStore) {
    this.#warehouse = warehouse;
  }

  async open({ path }: DataFile): Promise<RowGroupFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known.file;
    const source = await this.#warehouse.open(keyOf(this.#warehouse, path));
    try {
      const file = await openRowGroups(source);
      this.#files.set(path, { source, file });
      return file;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const { source } of this.#files.values()) await source.close();
  }
}
