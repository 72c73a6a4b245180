import { indexColumnId } from '#schemas/edge-columns.ts';
import { partFactsKey } from '#schemas/edge-messages.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import type { ResolvedIndex } from '../spectral-indices/resolve-index.ts';
import type { QuantizedColumn } from './cell-means.ts';
import type { CellRows } from './cell-rows.ts';
import { type EdgePart, type PartColumn, PartWriter } from './edge-part.ts';
import type { EdgeTile } from './edge-tile.ts';
import type { ErrorFigures } from './error-sums.ts';

/** What every way of making a cube small starts from. */
export interface EdgeModeSetup {
  readonly indices: readonly ResolvedIndex[];
  /** Column of each band; null for a band without one of its own (schemas/band-column.ts). */
  readonly bandColumns: readonly (ColumnDefinition | null)[];
  readonly plotIds: readonly string[];
  /** Facts of the cube that go into every part. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly partBytesMax: number;
  /** Only pixels whose NDVI reaches this are kept: vegetation. null keeps all. */
  readonly ndviMin: number | null;
  readonly onPart: (part: EdgePart) => void;
}

/** One way of making a cube small. Tiles come in order. */
export interface EdgeMode {
  add(tile: EdgeTile): void;
  /** After the last tile. */
  finish(): EdgeModeReport;
}

/** What one index lost. */
export interface IndexErrors {
  readonly index: string;
  /** The stored value of each row against the mean of its pixels. */
  readonly stored: ErrorFigures;
  /** The index of the stored spectrum of each row against the same; it also holds the difference between an index of means and a mean of indices. */
  readonly spectrum: ErrorFigures;
  /** Plot means from rows against plot means from pixels. */
  readonly plots: ErrorFigures;
}

export interface EdgeModeReport {
  readonly mode: string;
  /** What makes the mode what it is: cell size, precision, components. */
  readonly settings: Readonly<Record<string, number | null>>;
  readonly rowCount: number;
  readonly partCount: number;
  readonly sizeBytes: number;
  readonly indices: readonly IndexErrors[];
  /** Reflectance from what is stored against reflectance pixel by pixel, where the mode keeps pixels. */
  readonly reflectance: ErrorFigures | null;
}

/** An integer column of a part; what one step of it is worth stands in the part's key-values. */
export function intColumn(id: number, name: string, required: boolean): PartColumn['column'] {
  return { id, name, type: 'int', required, metrics: 'none' };
}

/** Where a row lies and what it stands for: the ids are those of silver.reflectance. */
export const keyColumns: readonly PartColumn[] = [
  { column: intColumn(8, 'line', true), kind: 'repeated' },
  { column: intColumn(9, 'sample', true), kind: 'repeated' },
  { column: { id: 15, name: 'plot_id', type: 'string', required: false, metrics: 'none' }, kind: 'plot' },
  { column: intColumn(17, 'pixel_count', true), kind: 'repeated' },
  { column: intColumn(16, 'quality', true), kind: 'repeated' },
];

/** Values of `keyColumns`. */
export function keyValues(rows: CellRows): QuantizedColumn[] {
  return [rows.line, rows.sample, rows.plot, rows.pixelCount, rows.quality].map(allValid);
}

export function allValid(values: Int32Array): QuantizedColumn {
  return { values, validMask: new Uint8Array(values.length).fill(1) };
}

/** Field id of `{name}_count` in every part. */
export function indexColumnIdOf(name: string): number {
  return indexColumnId(indexDefinitions.findIndex((definition) => definition.name === name));
}

/** Writes a mode's rows into parts and counts them. */
export class ModeParts {
  readonly #writer: PartWriter;
  rowCount = 0;
  partCount = 0;
  sizeBytes = 0;

  constructor(setup: EdgeModeSetup, columns: readonly PartColumn[], says: Readonly<Record<string, unknown>>) {
    const edge = JSON.stringify({ ...setup.facts, ...says, ndvi_min: setup.ndviMin });
    const { plotIds, partBytesMax } = setup;
    this.#writer = new PartWriter({ columns, plotIds, partBytesMax, keyValues: { [partFactsKey]: edge } }, (part) => {
      this.partCount++;
      this.sizeBytes += part.bytes.length;
      setup.onPart(part);
    });
  }

  add(rowCount: number, values: readonly QuantizedColumn[]): void {
    this.rowCount += rowCount;
    this.#writer.add({ rowCount, values });
  }

  finish(): Pick<EdgeModeReport, 'rowCount' | 'partCount' | 'sizeBytes'> {
    this.#writer.finish();
    const { rowCount, partCount, sizeBytes } = this;
    return { rowCount, partCount, sizeBytes };
  }
}

/** 1 for each pixel to keep; null keeps all. A pixel without NDVI is no vegetation. */
export function vegetationOf(tile: EdgeTile, { indices, ndviMin }: EdgeModeSetup): Uint8Array | null {
  if (ndviMin === null) return null;
  const plane = tile.indexPlanes[indices.findIndex(({ name }) => name === 'ndvi')] ?? null;
  const kept = new Uint8Array(tile.lineCount * tile.sampleCount);
  if (plane === null) return kept;
  for (let pixel = 0; pixel < kept.length; pixel++) kept[pixel] = plane[pixel]! >= ndviMin ? 1 : 0;
  return kept;
}
