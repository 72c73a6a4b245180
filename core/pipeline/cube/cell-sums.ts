import type { RowGroup } from '../../formats/parquet/row-groups.ts';
import { indexDefinitions } from '../../spectral-indices/index-definitions.ts';
import { nominalWavelengthNm } from './compare-cube.ts';

const ndvi = indexDefinitions.find(({ name }) => name === 'ndvi')!;

/** What the pixels of one cell come to, plot by plot. */
export interface CellMeans {
  readonly pixelCount: number;
  /** By column; NaN without a value. */
  readonly means: readonly number[];
  readonly ndviCount: number;
  readonly ndviMean: number;
}

interface Sums {
  pixelCount: number;
  readonly sums: number[];
  readonly counts: number[];
  ndviCount: number;
  ndviSum: number;
}

/** Sums of the cloud's pixels over cells, for as many cells as are wanted. */
export class CellSums {
  readonly #names: readonly string[];
  readonly #cellSize: number;
  /** Positions among the names of NDVI's two bands; null where one is too far from it. */
  readonly #ndviBands: readonly [number, number] | null;
  readonly #cells = new Map<string, Sums>();
  /** First lines of the cells so far. */
  readonly #lines = new Set<number>();

  /** @param names Band columns, as `r0670`. */
  constructor(names: readonly string[], cellSize: number) {
    this.#names = names;
    this.#cellSize = cellSize;
    this.#ndviBands = ndviBandsOf(names);
  }

  /** @param newCellCountMax Cells that come after so many new ones are left out. */
  async add(group: RowGroup, newCellCountMax: number): Promise<void> {
    const cellCountMax = this.#cells.size + newCellCountMax;
    const [line, sample, plot, ...values] = await group.read(['line', 'sample', 'plot_id', ...this.#names]);
    const size = this.#cellSize;
    for (let row = 0; row < group.rowCount; row++) {
      const first = (position: unknown): number => Math.floor(Number(position) / size) * size;
      const cell = this.#cellOf(first(line![row]), first(sample![row]), plot![row], cellCountMax);
      if (cell === null) continue;
      cell.pixelCount++;
      for (const [at, column] of values.entries()) {
        const value = column[row];
        if (typeof value !== 'number') continue;
        cell.sums[at]! += value;
        cell.counts[at]!++;
      }
      if (this.#ndviBands === null) continue;
      const [infrared, red] = this.#ndviBands;
      const value = ndviOf(values[infrared]![row], values[red]![row]);
      if (Number.isNaN(value)) continue;
      cell.ndviSum += value;
      cell.ndviCount++;
    }
  }

  #cellOf(line: number, sample: number, plot: unknown, cellCountMax: number): Sums | null {
    const key = keyOf(line, sample, plot);
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    if (this.#cells.size >= cellCountMax) return null;
    this.#lines.add(line);
    const zeros = () => this.#names.map(() => 0);
    const cell = { pixelCount: 0, sums: zeros(), counts: zeros(), ndviCount: 0, ndviSum: 0 };
    this.#cells.set(key, cell);
    return cell;
  }

  /** Whether a cell begins within these lines. */
  hasLines({ least, most }: { readonly least: number; readonly most: number }): boolean {
    return [...this.#lines].some((line) => line >= least && line <= most);
  }

  /** @param line First line of the cell; likewise `sample`. */
  cell(line: unknown, sample: unknown, plot: unknown): CellMeans | null {
    const cell = this.#cells.get(keyOf(Number(line), Number(sample), plot));
    if (cell === undefined) return null;
    const { pixelCount, sums, counts, ndviCount, ndviSum } = cell;
    return { pixelCount, means: sums.map((sum, at) => sum / counts[at]!), ndviCount, ndviMean: ndviSum / ndviCount };
  }
}

function keyOf(line: number, sample: number, plot: unknown): string {
  return `${line} ${sample} ${plot ?? ''}`;
}

function ndviBandsOf(names: readonly string[]): readonly [number, number] | null {
  const [infrared, red] = ndvi.operandsNm.map((wantedNm) => {
    const distanceNm = names.map((name) => Math.abs((nominalWavelengthNm(name) ?? Number.NaN) - wantedNm));
    const nearest = distanceNm.indexOf(Math.min(...distanceNm));
    return nearest >= 0 && distanceNm[nearest]! <= ndvi.toleranceNm ? nearest : null;
  });
  return infrared == null || red == null ? null : [infrared, red];
}

function ndviOf(infrared: unknown, red: unknown): number {
  return typeof infrared === 'number' && typeof red === 'number' ? ndvi.formula(infrared, red, red) : Number.NaN;
}
