import type { ColumnType } from '#schemas/table-definition.ts';
import { packedFill, packedPerUnit } from '../../radiometry/quality.ts';
import { type CellValue, columnOfCells } from './cell-columns.ts';
import type { ColumnValues } from './column-values.ts';
import type { ExactRow } from './read-exact-rows.ts';
import type { FooterColumn } from './read-footer.ts';

/** Rows as columns for the writer, every value as it was read. */
export function columnsOfRows(columns: readonly FooterColumn[], rows: readonly ExactRow[]): ColumnValues[] {
  return columns.map(({ type, name }) =>
    exactColumn(
      type,
      rows.map((row) => row[name] ?? null),
    ),
  );
}

/** Cells of one column for the writer, so that the same cells are read again: NaN stays NaN, and NULL NULL. */
export function exactColumn(type: ColumnType, cells: readonly CellValue[]): ColumnValues {
  if (type === 'float')
    return packedColumn(cells as (number | null)[]) ?? floatsColumn(new Float32Array(cells.length), cells);
  const isPlain = type !== 'double' || !cells.some((cell) => Number.isNaN(cell) || Object.is(cell, -0));
  return isPlain ? columnOfCells(type, cells) : floatsColumn(new Float64Array(cells.length), cells);
}

/** @returns null when a value is no multiple of 0.0001. */
function packedColumn(cells: readonly (number | null)[]): ColumnValues | null {
  const values = new Int16Array(cells.length);
  for (const [row, cell] of cells.entries()) {
    const packed = cell === null ? packedFill : Math.round(cell * packedPerUnit);
    const isExact =
      cell === null ||
      (packed > packedFill && packed <= 32_767 && Math.fround(packed / packedPerUnit) === cell && !Object.is(cell, -0));
    if (!isExact) return null;
    values[row] = packed;
  }
  return { kind: 'packed', values };
}

function floatsColumn(values: Float32Array | Float64Array, cells: readonly CellValue[]): ColumnValues {
  for (const [row, cell] of cells.entries()) values[row] = cell === null ? 0 : Number(cell);
  const validMask = cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) : null;
  return { kind: 'floats', values, validMask };
}
