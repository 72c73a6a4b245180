import { packedFill, packedPerUnit } from '../../radiometry/quality.ts';
import { columnOfCells } from './cell-columns.ts';
import type { ColumnValues } from './column-values.ts';
import type { ExactRow } from './read-exact-rows.ts';
import type { FooterColumn } from './read-footer.ts';

/**
 * Rows as columns for the writer.
 * @returns null when a float cannot be packed without loss (it is no multiple of 0.0001): such rows are copied, not merged.
 */
export function columnsOfRows(columns: readonly FooterColumn[], rows: readonly ExactRow[]): ColumnValues[] | null {
  const out: ColumnValues[] = [];
  for (const column of columns) {
    const values = columnOfRows(column, rows);
    if (values === null) return null;
    out.push(values);
  }
  return out;
}

function columnOfRows({ type, name }: FooterColumn, rows: readonly ExactRow[]): ColumnValues | null {
  const cells = rows.map((row) => row[name] ?? null);
  return type === 'float' ? packedColumn(cells as (number | null)[]) : columnOfCells(type, cells);
}

function packedColumn(cells: readonly (number | null)[]): ColumnValues | null {
  const values = new Int16Array(cells.length);
  for (const [row, cell] of cells.entries()) {
    const packed = cell === null ? packedFill : Math.round(cell * packedPerUnit);
    const isExact =
      cell === null || (packed > packedFill && packed <= 32_767 && Math.fround(packed / packedPerUnit) === cell);
    if (!isExact) return null;
    values[row] = packed;
  }
  return { kind: 'packed', values };
}
