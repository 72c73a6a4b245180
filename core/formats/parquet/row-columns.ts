import type { ColumnValues } from './column-values.ts';
import type { ExactRow } from './read-exact-rows.ts';
import type { FooterColumn } from './read-footer.ts';

const packedScale = 10_000;
const packedFill = -32_768;

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
  switch (type) {
    case 'string':
      return { kind: 'strings', values: cells as (string | null)[] };
    case 'boolean':
      return { kind: 'booleans', values: cells as (boolean | null)[] };
    case 'float':
      return packedColumn(cells as (number | null)[]);
    case 'double':
      return {
        kind: 'float64',
        values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))),
      };
    case 'int':
    case 'date':
      return {
        kind: 'int32',
        values: Int32Array.from(cells, (cell) => Number(cell ?? 0)),
        validMask: validMaskOf(cells),
      };
    case 'long':
    case 'timestamptz':
      return {
        kind: 'int64',
        values: BigInt64Array.from(cells, (cell) => BigInt((cell ?? 0) as number | bigint)),
        validMask: validMaskOf(cells),
      };
  }
}

function packedColumn(cells: readonly (number | null)[]): ColumnValues | null {
  const values = new Int16Array(cells.length);
  for (const [row, cell] of cells.entries()) {
    const packed = cell === null ? packedFill : Math.round(cell * packedScale);
    const isExact =
      cell === null || (packed > packedFill && packed <= 32_767 && Math.fround(packed / packedScale) === cell);
    if (!isExact) return null;
    values[row] = packed;
  }
  return { kind: 'packed', values };
}

function validMaskOf(cells: readonly unknown[]): Uint8Array | null {
  return cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) : null;
}
