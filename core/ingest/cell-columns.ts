import { bandColumnOf } from '#schemas/band-column.ts';
import { indexColumns, partIdColumn } from '#schemas/edge-columns.ts';
import type { CellFacts } from '#schemas/edge-messages.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { coordinateSystemOfDefinition, transformer, wgs84 } from '../cube/coordinate-system.ts';
import { mortonCells } from '../cube/morton-cell.ts';
import { dayOfDate } from '../day.ts';
import { edgeProcessingId } from '../edge/edge-processing.ts';
import { FormatError } from '../errors.ts';
import type { ColumnValues } from '../formats/parquet/column-values.ts';
import { packedFill, packedPerUnit } from '../radiometry/quality.ts';
import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import type { PartTable, ReadPart } from './read-part.ts';

export type CellsPart = Extract<ReadPart, { kind: 'cells' }>;

interface IndexColumn {
  readonly name: string;
  readonly definition: ColumnDefinition;
}

/** Columns of silver.reflectance that one granule's rows have, in the order of the table. */
export interface CellLayout {
  readonly columns: readonly ColumnDefinition[];
  readonly indices: readonly IndexColumn[];
  readonly bands: readonly ColumnDefinition[];
}

const keyNames = ['line', 'sample', 'plot_id', 'pixel_count', 'quality'];

/** @throws FormatError for a column that no part has. Disposition: quarantine. */
export function cellLayoutOf({ table, partId }: CellsPart): CellLayout {
  const known = new Map(
    indexDefinitions
      .flatMap(({ name }, position) => indexColumns(name, position))
      .map((column) => [column.name, column]),
  );
  const indices: IndexColumn[] = [];
  const bands: ColumnDefinition[] = [];
  for (const [name, fieldId] of table.fieldIds) {
    if (keyNames.includes(name)) continue;
    const index = known.get(name);
    const band = index === undefined ? bandColumnOf(fieldId) : null;
    if (index !== undefined && index.id === fieldId) indices.push({ name, definition: index });
    else if (band !== null && band.name === name) bands.push(band);
    else
      throw new FormatError(
        `Expected columns of cells, got "${name.slice(0, 80)}" with id ${fieldId} (part ${partId}).`,
      );
  }
  const lacking = keyNames.find((name) => !table.columns.has(name));
  if (lacking !== undefined) throw new FormatError(`Expected column ${lacking}, got none (part ${partId}).`);
  bands.sort((a, b) => a.id - b.id);
  const columns = [
    ...silverReflectance.columns,
    partIdColumn,
    ...indices.map(({ definition }) => definition),
    ...bands,
  ];
  return { columns, indices, bands };
}

/**
 * Values of a part for silver.reflectance, one entry for each of the layout's columns.
 * A row's position is the centre of its cell of n x n pixels, also where a plot or the cube's edge has only a part of it.
 *
 * @throws FormatError for a value that cannot be. Disposition: quarantine.
 */
export function cellColumns(part: CellsPart, layout: CellLayout): ColumnValues[] {
  const { table, facts, place, partId, granuleKey } = part;
  const line = wholeNumbers(table, 'line', partId);
  const sample = wholeNumbers(table, 'sample', partId);
  const acquiredMs = facts.acquired_at === null ? Number.NaN : Date.parse(facts.acquired_at);
  return [
    { kind: 'constant', value: place.farmId },
    { kind: 'constant', value: dayOfDate(place.date) },
    { kind: 'constant', value: Number.isNaN(acquiredMs) ? null : BigInt(acquiredMs) * 1000n },
    { kind: 'constant', value: place.id },
    { kind: 'constant', value: edgeProcessingId(granuleKey) },
    { kind: 'constant', value: facts.sensor_id },
    { kind: 'constant', value: 'edge' },
    { kind: 'int32', values: line, validMask: null },
    { kind: 'int32', values: sample, validMask: null },
    ...positionColumns(facts, line, sample, partId),
    { kind: 'strings', values: texts(table, 'plot_id', partId) },
    { kind: 'int32', values: wholeNumbers(table, 'quality', partId), validMask: null },
    { kind: 'int32', values: wholeNumbers(table, 'pixel_count', partId), validMask: null },
    { kind: 'constant', value: partId },
    ...layout.indices.map(({ name, definition }) => indexColumn(table, name, definition, facts, partId)),
    ...layout.bands.map(({ name }) => bandValues(table, name, facts, partId)),
  ];
}

function indexColumn(
  table: PartTable,
  name: string,
  definition: ColumnDefinition,
  { index_precision: precision }: CellFacts,
  partId: string,
): ColumnValues {
  if (definition.type === 'int') return { kind: 'int32', values: wholeNumbers(table, name, partId), validMask: null };
  const perUnit = Math.round(1 / precision);
  return { kind: 'float64', values: Float64Array.from(numbers(table, name, partId), (value) => value / perUnit) };
}

/** Steps of stored reflectance are whole ten-thousandths. */
function bandValues(
  table: PartTable,
  name: string,
  { reflectance_precision: precision }: CellFacts,
  partId: string,
): ColumnValues {
  const step = Math.round(precision * packedPerUnit);
  if (step < 1 || Math.abs(step - precision * packedPerUnit) > 1e-6)
    throw new FormatError(`Expected a precision in whole ten-thousandths, got ${precision} (part ${partId}).`);
  const values = Int16Array.from(numbers(table, name, partId), (value) => {
    if (Number.isNaN(value)) return packedFill;
    const packed = value * step;
    if (packed > 32_767 || packed < -32_767)
      throw new FormatError(
        `Expected reflectance from -3.2767 to 3.2767, got ${packed / packedPerUnit} (part ${partId}).`,
      );
    return packed;
  });
  return { kind: 'packed', values };
}

function positionColumns(
  { georeference, cell_size: cellSize }: CellFacts,
  line: Int32Array,
  sample: Int32Array,
  partId: string,
): ColumnValues[] {
  const rowCount = line.length;
  if (georeference === null) return Array.from({ length: 5 }, () => ({ kind: 'constant', value: null }) as const);
  const [a, b, c, d, e, f] = georeference.transform as [number, number, number, number, number, number];
  const project = transformer(coordinateSystemOfDefinition(georeference.crs, `part ${partId}`), wgs84);
  const [x, y, lon, lat] = Array.from({ length: 4 }, () => new Float64Array(rowCount).fill(Number.NaN)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let row = 0; row < rowCount; row++) {
    const [across, along] = [sample[row]! + cellSize / 2, line[row]! + cellSize / 2];
    x[row] = a * across + b * along + c;
    y[row] = d * across + e * along + f;
    const [east, north] = project(x[row]!, y[row]!);
    if (!Number.isFinite(east) || !Number.isFinite(north)) continue;
    lon[row] = east;
    lat[row] = north;
  }
  const cell = new BigInt64Array(rowCount);
  const validMask = new Uint8Array(rowCount);
  mortonCells(lon, lat, rowCount, cell, validMask);
  return [
    ...[x, y, lon, lat].map((values) => ({ kind: 'float64', values }) as const),
    { kind: 'int64', values: cell, validMask: validMask.includes(0) ? validMask : null },
  ];
}

/** Whole numbers of a column that has one in every row. */
function wholeNumbers(table: PartTable, name: string, partId: string): Int32Array {
  return Int32Array.from(numbers(table, name, partId), (value) => {
    if (Number.isNaN(value)) throw new FormatError(`Expected ${name} in every row, got none in one (part ${partId}).`);
    return value;
  });
}

/** NaN for NULL. */
function* numbers(table: PartTable, name: string, partId: string): Generator<number> {
  const column = table.columns.get(name)!;
  for (let row = 0; row < table.rowCount; row++) {
    const value = column[row] ?? null;
    if (value === null) yield Number.NaN;
    else if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) yield value;
    else
      throw new FormatError(`Expected whole numbers as ${name}, got ${String(value).slice(0, 80)} (part ${partId}).`);
  }
}

function texts(table: PartTable, name: string, partId: string): (string | null)[] {
  return Array.from(table.columns.get(name)!, (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value === 'string' && value.length <= 1000) return value;
    throw new FormatError(`Expected names as ${name}, got another value (part ${partId}).`);
  });
}
