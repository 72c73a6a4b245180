import type { ParquetColumn } from '../formats/parquet/parquet-column.ts';
import type { ExactRow } from '../formats/parquet/read-exact-rows.ts';

/** Rows near each other on the ground first, then by every required column in the order of the table. */
export function sortKeysOf(columns: readonly ParquetColumn[]): string[] {
  const required = columns.filter((column) => column.required && column.type !== 'double' && column.type !== 'float');
  const cell = columns.filter((column) => column.name === 'cell');
  return [...cell, ...required].map((column) => column.name);
}

/** NULL comes last. */
export function compareByKeys(keys: readonly string[]): (a: ExactRow, b: ExactRow) => number {
  return (a, b) => {
    for (const key of keys) {
      const left = a[key] ?? null;
      const right = b[key] ?? null;
      if (left === right) continue;
      if (left === null) return 1;
      if (right === null) return -1;
      return left < right ? -1 : 1;
    }
    return 0;
  };
}
