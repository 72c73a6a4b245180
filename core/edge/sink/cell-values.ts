import { bandColumns } from '#schemas/band-column.ts';
import { cellColumns, cellFactColumns, indexColumns } from '#schemas/edge-columns.ts';
import { comparedCellFactsSchema } from '#schemas/edge-comparison.ts';
import type { CellFacts } from '#schemas/edge-messages.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { dayOfDate } from '../../day.ts';
import { FormatError } from '../../errors.ts';
import type { ColumnValues } from '../../formats/parquet/column-values.ts';
import type { DecodedColumn } from '../../formats/parquet/decode-column.ts';
import { packedFill, packedPerUnit } from '../../radiometry/quality.ts';
import { indexDefinitions } from '../../spectral-indices/index-definitions.ts';
import { edgeProcessingId } from '../edge-processing.ts';
import { cellPositions } from './cell-positions.ts';
import type { ReadPart } from './read-part.ts';

/** Rows of silver.reflectance as the writer takes them, one entry of `values` for each of `columns`. */
export interface SilverCells {
  readonly rowCount: number;
  readonly columns: readonly ColumnDefinition[];
  readonly values: readonly ColumnValues[];
}

const keyColumnNames = ['line', 'sample', 'plot_id', 'pixel_count', 'quality'];
const packedMax = 32_767;
const cellSizeMax = 100_000;

/**
 * Rows of silver.reflectance from a `cells` part. Whole numbers become values: an index is the number times its precision, a
 * band the packed reflectance that it stands for.
 *
 * @throws FormatError for columns that no field machine writes, and numbers that cannot be. Disposition: quarantine.
 */
export function silverCells({ attributes, key, facts, rowCount, columns, values }: ReadPart): SilverCells {
  const cells = facts as CellFacts;
  const stepPacked = Math.round(cells.reflectance_precision * packedPerUnit);
  if (
    stepPacked < 1 ||
    stepPacked > packedMax ||
    Math.abs(stepPacked / packedPerUnit - cells.reflectance_precision) > 1e-9
  )
    throw new FormatError(`Expected a precision in ten-thousandths, got ${cells.reflectance_precision}.`);
  if (cells.cell_size > cellSizeMax) throw new FormatError(`Expected cells of pixels, got ${cells.cell_size}.`);
  const columnAt = (name: string): DecodedColumn => {
    const at = columns.findIndex((column) => column.name === name);
    if (at < 0) throw new FormatError(`Expected column ${name}, got none.`);
    return values[at]!;
  };
  const line = wholeColumn(columnAt('line'), 'line', 0, cells.line_count - 1);
  const sample = wholeColumn(columnAt('sample'), 'sample', 0, cells.sample_count - 1);
  const plots = columnAt('plot_id');
  if (plots.kind !== 'codes') throw new FormatError('Expected plot ids as text, got numbers.');
  const own: Readonly<Record<string, ColumnValues>> = {
    farm_id: { kind: 'constant', value: key.farmId },
    acquisition_date: { kind: 'constant', value: dayOfDate(key.date) },
    acquired_at: { kind: 'constant', value: microsOf(cells.acquired_at) },
    cube_id: { kind: 'constant', value: key.id },
    processing_id: { kind: 'constant', value: edgeProcessingId(cells.granule_key) },
    sensor_id: { kind: 'constant', value: cells.sensor_id },
    origin: { kind: 'constant', value: 'edge' },
    line: { kind: 'int32', values: line, validMask: null },
    sample: { kind: 'int32', values: sample, validMask: null },
    ...cellPositions(cells, line, sample),
    plot_id: plots,
    quality: { kind: 'int32', values: wholeColumn(columnAt('quality'), 'quality', 0), validMask: null },
    pixel_count: { kind: 'int32', values: wholeColumn(columnAt('pixel_count'), 'pixel_count', 1), validMask: null },
  };
  const said: Readonly<Record<string, number | null>> = comparedCellFactsSchema.parse(cells);
  const measured = columns.flatMap((column, at) =>
    keyColumnNames.includes(column.name)
      ? []
      : [measuredColumn(column, values[at]!, cells.index_precision, stepPacked)],
  );
  const ordered = measured.toSorted((left, right) => left.column.id - right.column.id);
  return {
    rowCount,
    columns: [...silverReflectance.columns, ...cellColumns, ...ordered.map(({ column }) => column)],
    values: [
      ...silverReflectance.columns.map(({ name }) => own[name]!),
      { kind: 'constant', value: attributes.id },
      ...cellFactColumns.map(({ name }): ColumnValues => ({ kind: 'constant', value: said[name] ?? null })),
      ...ordered.map(({ values: each }) => each),
    ],
  };
}

/** Every column that an index may have, by its name. */
const indexColumnOf = new Map(
  indexDefinitions.flatMap(({ name }, position) => indexColumns(name, position).map((column) => [column.name, column])),
);

function measuredColumn(
  { id, name }: Pick<ColumnDefinition, 'id' | 'name'>,
  decoded: DecodedColumn,
  indexPrecision: number,
  stepPacked: number,
): { readonly column: ColumnDefinition; readonly values: ColumnValues } {
  if (decoded.kind !== 'int32') throw new FormatError(`Expected whole numbers in column ${name}, got others.`);
  const index = indexColumnOf.get(name);
  if (index !== undefined && index.id === id) {
    if (index.type === 'int') return { column: index, values: { ...decoded, kind: 'int32' } };
    const scaled = Float64Array.from(decoded.values, (value, row) =>
      decoded.validMask[row] === 1 ? value * indexPrecision : Number.NaN,
    );
    return { column: index, values: { kind: 'float64', values: scaled } };
  }
  const band = bandColumnOf(name);
  if (band === null || band.id !== id)
    throw new FormatError(`Expected columns of indices and bands, got ${name} with id ${id}.`);
  const packed = Int16Array.from(decoded.values, (value, row) => {
    if (decoded.validMask[row] !== 1) return packedFill;
    const stored = value * stepPacked;
    if (Math.abs(stored) > packedMax)
      throw new FormatError(
        `Expected reflectance of at most ${packedMax / packedPerUnit}, got ${stored / packedPerUnit}.`,
      );
    return stored;
  });
  return { column: band, values: { kind: 'packed', values: packed } };
}

function bandColumnOf(name: string): ColumnDefinition | null {
  const match = /^r(\d{4,6})(?:_(\d))?$/.exec(name);
  if (match === null) return null;
  const nm = Number(match[1]) + Number(match[2] ?? 0) / 10;
  // A band has a decimal because another shares its nanometre.
  const [column] = match[2] === undefined ? bandColumns([nm]) : bandColumns([nm, Math.round(nm)]);
  return column?.name === name ? column : null;
}

function wholeColumn(decoded: DecodedColumn, name: string, least: number, most: number | null = null): Int32Array {
  if (decoded.kind !== 'int32' || decoded.validMask.includes(0))
    throw new FormatError(`Expected a whole number in every row of column ${name}, got others.`);
  if (decoded.values.some((value) => value < least))
    throw new FormatError(`Expected at least ${least} in column ${name}, got less.`);
  if (most !== null && decoded.values.some((value) => value > most))
    throw new FormatError(`Expected at most ${most} in column ${name}, got more.`);
  return decoded.values;
}

/** Microseconds since 1970. */
function microsOf(text: string | null): bigint | null {
  if (text === null) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new FormatError(`Expected an ISO 8601 time, got "${text.slice(0, 40)}".`);
  return BigInt(ms) * 1000n;
}
