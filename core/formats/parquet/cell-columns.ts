import type { ColumnType } from '#schemas/table-definition.ts';
import type { ColumnValues } from './column-values.ts';

/** One value of a row in a small table. */
export type CellValue = string | number | bigint | boolean | null;

/** Cells of one column as the writer takes them; bands (`float`) are packed by who knows their scale. */
export function columnOfCells(type: Exclude<ColumnType, 'float'>, cells: readonly CellValue[]): ColumnValues {
  switch (type) {
    case 'string':
      return { kind: 'strings', values: cells.map((cell) => (cell === null ? null : String(cell))) };
    case 'boolean':
      return { kind: 'booleans', values: cells.map((cell) => (cell === null ? null : cell === true)) };
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
    case 'timestamptz': {
      const values = BigInt64Array.from(cells, (cell) => BigInt((cell ?? 0) as number | bigint));
      return { kind: 'int64', values, validMask: validMaskOf(cells) };
    }
  }
}

function validMaskOf(cells: readonly CellValue[]): Uint8Array | null {
  return cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) : null;
}
