import { parquetMetadataAsync } from 'hyparquet';
import type { Difference } from '#schemas/replacement.ts';
import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { FormatError } from '../../errors.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import { keyOf } from '../../formats/iceberg/table-location.ts';
import type { ReadColumn } from '../../formats/parquet/read-columns.ts';
import { asyncBuffer, readRows } from '../../formats/parquet/read-rows.ts';
import { openRowGroups } from '../../formats/parquet/row-groups.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { processingColumn } from '../granule-files.ts';
import type { GranuleFiles } from '../payload.ts';
import { DifferenceSum } from './difference-sum.ts';

/** Bands to compare lie nearest to these wavelengths: green, red and near infrared, where crops differ most. */
const comparedWavelengthsNm = [550, 670, 800];

/** Old against new of one cube: every spectral index plot by plot, and three bands pixel by pixel. */
export async function compareCube(
  before: GranuleFiles,
  after: GranuleFiles,
  warehouse: ObjectStore,
): Promise<Difference[]> {
  const plots = tableName(goldPlotIndex);
  const pixels = tableName(silverReflectance);
  return [
    ...(await comparePlots(before[plots] ?? [], after[plots] ?? [], warehouse)),
    ...(await compareBands(before[pixels] ?? [], after[pixels] ?? [], warehouse)),
  ];
}

/**
 * Plot means of every spectral index.
 * @param beforeId Processing of which `before` holds rows beside those of others; all rows count when absent.
 */
export async function comparePlots(
  before: readonly DataFile[],
  after: readonly DataFile[],
  warehouse: ObjectStore,
  beforeId?: string,
): Promise<Difference[]> {
  const [old, fresh] = [await plotMeans(before, warehouse, beforeId), await plotMeans(after, warehouse)];
  const sums = new Map<string, DifferenceSum>();
  for (const key of new Set([...old.keys(), ...fresh.keys()])) {
    const [index] = JSON.parse(key) as [string, string];
    const sum = sums.get(index) ?? new DifferenceSum(index);
    sum.add(old.get(key) ?? Number.NaN, fresh.get(key) ?? Number.NaN);
    sums.set(index, sum);
  }
  return [...sums.values()].map((sum) => sum.result());
}

async function plotMeans(
  files: readonly DataFile[],
  warehouse: ObjectStore,
  processingId?: string,
): Promise<Map<string, number>> {
  const means = new Map<string, number>();
  for (const file of files) {
    const source = await warehouse.open(keyOf(warehouse, file.path));
    try {
      for (const row of await readRows(source, ['spectral_index', 'plot_id', 'mean', processingColumn])) {
        if (row['mean'] === null || (processingId ?? row[processingColumn]) !== row[processingColumn]) continue;
        means.set(JSON.stringify([row['spectral_index'], row['plot_id']]), Number(row['mean']));
      }
    } finally {
      await source.close();
    }
  }
  return means;
}

/** Pixels of both versions are met in step, a row group at a time: neither is held whole. */
async function compareBands(
  before: readonly DataFile[],
  after: readonly DataFile[],
  warehouse: ObjectStore,
): Promise<Difference[]> {
  const columns = await comparedColumns(before, after, warehouse);
  const sums = columns.map((name) => new DifferenceSum(name));
  const [old, fresh] = [new PixelReader(warehouse, before, columns), new PixelReader(warehouse, after, columns)];
  let [hasOld, hasFresh] = [await old.advance(), await fresh.advance()];
  while (hasOld || hasFresh) {
    const order = hasOld && hasFresh ? old.position - fresh.position : hasOld ? -1 : 1;
    for (const [at, sum] of sums.entries())
      sum.add(order > 0 ? Number.NaN : old.value(at), order < 0 ? Number.NaN : fresh.value(at));
    if (order <= 0) hasOld = old.skip() || (await old.advance());
    if (order >= 0) hasFresh = fresh.skip() || (await fresh.advance());
  }
  return sums.map((sum) => sum.result());
}

/** The band columns that both versions have, nearest to the compared wavelengths. */
export async function comparedColumns(
  before: readonly DataFile[],
  after: readonly DataFile[],
  warehouse: ObjectStore,
): Promise<string[]> {
  const [old, fresh] = [await bandColumnsOf(before[0], warehouse), await bandColumnsOf(after[0], warehouse)];
  const both = [...old].filter(([name]) => fresh.has(name));
  const nearest = comparedWavelengthsNm.flatMap((wanted) => {
    const sorted = both.toSorted(([, a], [, b]) => Math.abs(a - wanted) - Math.abs(b - wanted));
    return sorted.length === 0 ? [] : [sorted[0]![0]];
  });
  return [...new Set(nearest)];
}

/** `r0670` -> 670; null for other columns. */
export function nominalWavelengthNm(columnName: string): number | null {
  const match = /^r(\d{4,})(?:_(\d))?$/.exec(columnName);
  return match === null ? null : Number(`${match[1]}.${match[2] ?? 0}`);
}

/** Column name -> nominal wavelength, nm. */
async function bandColumnsOf(file: DataFile | undefined, warehouse: ObjectStore): Promise<Map<string, number>> {
  if (file === undefined) return new Map();
  const source = await warehouse.open(keyOf(warehouse, file.path));
  try {
    const { schema } = await parquetMetadataAsync(asyncBuffer(source));
    return new Map(
      schema.flatMap(({ name }) => {
        const nm = nominalWavelengthNm(name);
        return nm === null ? [] : [[name, nm] as const];
      }),
    );
  } finally {
    await source.close();
  }
}

/** Pixels of one version in the order of line and sample, as the jobs write them. */
class PixelReader {
  readonly #groups: AsyncGenerator<readonly ReadColumn[]>;
  #columns: readonly ReadColumn[] = [];
  #row = -1;
  #rowCount = 0;
  /** Line and sample as one number that grows from row to row. */
  position = -1;

  constructor(warehouse: ObjectStore, files: readonly DataFile[], columns: readonly string[]) {
    this.#groups = pixelGroups(warehouse, files, ['line', 'sample', ...columns]);
  }

  /** The next row group's first row. @returns false at the end. */
  async advance(): Promise<boolean> {
    for (;;) {
      const group = await this.#groups.next();
      if (group.done === true) return false;
      this.#columns = group.value;
      this.#rowCount = this.#columns[0]!.length;
      this.#row = -1;
      if (this.skip()) return true;
    }
  }

  /** The next row of this row group. @returns false at its end. */
  skip(): boolean {
    if (++this.#row >= this.#rowCount) return false;
    const position = Number(this.#columns[0]![this.#row]) * 2 ** 20 + Number(this.#columns[1]![this.#row]);
    if (position <= this.position)
      throw new FormatError(
        'Expected pixels in the order of lines and samples, got another order. Compare them in SQL.',
      );
    this.position = position;
    return true;
  }

  value(band: number): number {
    const value = this.#columns[band + 2]![this.#row];
    return typeof value === 'number' ? value : Number.NaN;
  }
}

async function* pixelGroups(
  warehouse: ObjectStore,
  files: readonly DataFile[],
  names: readonly string[],
): AsyncGenerator<readonly ReadColumn[]> {
  for (const dataFile of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const source = await warehouse.open(keyOf(warehouse, dataFile.path));
    try {
      const { groups } = await openRowGroups(source);
      for (const group of groups) yield await group.read(names);
    } finally {
      await source.close();
    }
  }
}
