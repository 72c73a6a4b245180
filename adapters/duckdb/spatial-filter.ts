import { cellRanges, type DegreeBox } from '#core/cube/cell-ranges.ts';
import type { Filter } from '#core/formats/iceberg/scan.ts';
import type { TableIdentifier } from '#core/ports/catalog.ts';
import { tableName } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';

/**
 * What a box of longitudes and latitudes says of the cells of silver.reflectance: the bounds of `cell` are narrow where
 * those of lon and lat span a whole field. Rows without a cell are kept.
 *
 * @param conjuncts Filters that all hold.
 * @returns null for other tables, which may mean another thing by `cell`, and where there is no box.
 */
export function cellFilter(table: TableIdentifier, conjuncts: readonly Filter[]): Filter | null {
  if (tableName(table) !== tableName(silverReflectance)) return null;
  const [west, east] = intervalOf('lon', conjuncts);
  const [south, north] = intervalOf('lat', conjuncts);
  const box: DegreeBox = { west, south, east, north };
  // Ranges of a half-open box are most of the earth.
  if (!Object.values(box).every(Number.isFinite)) return null;
  const ranges = cellRanges(box).map(
    ({ first, last }): Filter => ({
      all: [
        { column: 'cell', op: '>=', value: first },
        { column: 'cell', op: '<=', value: last },
      ],
    }),
  );
  return { any: [{ column: 'cell', op: 'is null' }, ...ranges] };
}

function intervalOf(column: string, conjuncts: readonly Filter[]): [number, number] {
  let from = Number.NEGATIVE_INFINITY;
  let to = Number.POSITIVE_INFINITY;
  for (const filter of conjuncts) {
    if ('all' in filter) {
      const [innerFrom, innerTo] = intervalOf(column, filter.all);
      from = Math.max(from, innerFrom);
      to = Math.min(to, innerTo);
    } else if ('value' in filter && filter.column === column && !Array.isArray(filter.value)) {
      const value = Number(filter.value);
      if (['=', '>', '>='].includes(filter.op)) from = Math.max(from, value);
      if (['=', '<', '<='].includes(filter.op)) to = Math.min(to, value);
    }
  }
  return [from, to];
}
