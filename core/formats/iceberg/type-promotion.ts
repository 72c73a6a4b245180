import type { IcebergType } from './table-metadata.ts';

/**
 * Whether old files of one type may be read as another: int as long, float as double, a decimal as one of more digits and
 * the same scale. Nothing else, and nothing back.
 *
 * @source Apache Iceberg table specification, "Schema Evolution", version 2
 */
export function isPromotion(from: IcebergType, to: IcebergType): boolean {
  if (from === 'int') return to === 'long';
  if (from === 'float') return to === 'double';
  const [old, next] = [decimalOf(from), decimalOf(to)];
  return old !== null && next !== null && old.scale === next.scale && old.precision < next.precision;
}

function decimalOf(type: IcebergType): { readonly precision: number; readonly scale: number } | null {
  const found = typeof type === 'string' ? /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(type) : null;
  return found === null ? null : { precision: Number(found[1]), scale: Number(found[2]) };
}
