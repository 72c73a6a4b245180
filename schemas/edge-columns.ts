import type { ColumnDefinition } from './table-definition.ts';

/** Columns of silver.reflectance that only rows from the field have. Ids from 1000 on are those of partition fields. */
export const partIdColumn: ColumnDefinition = {
  id: 900,
  name: 'part_id',
  type: 'string',
  required: false,
  doc: 'SHA-256 of the edge part that the row came in; NULL for rows of the cloud',
  metrics: 'full',
};

/** What the field says of its cells, in every row: whichever program merges or rewrites files keeps it. */
export const cellFactColumns: readonly ColumnDefinition[] = (
  [
    [901, 'cell_size', 'int', 'Pixels along an edge cell'],
    [902, 'reflectance_precision', 'double', 'Step to which the reflectance of an edge cell is rounded'],
    [903, 'index_precision', 'double', 'Step to which means of indices of an edge cell are rounded'],
    [904, 'ndvi_min', 'double', 'NDVI that every pixel of an edge cell reaches; NULL where all are in it'],
  ] as const
).map(([id, name, type, doc]) => ({ id, name, type, required: false, doc, metrics: 'none' }));

/** Columns that every row of cells has beyond the table's definition; those of its indices and bands come besides. */
export const cellColumns: readonly ColumnDefinition[] = [partIdColumn, ...cellFactColumns];

/** Three ids for each index, by its position among the definitions. */
const indexColumnIdBase = 100;

/** Field id of `{index}_count`; mean and standard deviation have the next two, in parts and in the table alike. */
export function indexColumnId(indexPosition: number): number {
  return indexColumnIdBase + 3 * indexPosition;
}

export function indexColumns(
  name: string,
  indexPosition: number,
): readonly [ColumnDefinition, ColumnDefinition, ColumnDefinition] {
  const id = indexColumnId(indexPosition);
  const column = (offset: number, suffix: string, type: 'int' | 'double', doc: string): ColumnDefinition => ({
    id: id + offset,
    name: `${name}_${suffix}`,
    type,
    required: false,
    doc,
    metrics: 'none',
  });
  return [
    column(0, 'count', 'int', `Pixels of an edge cell with a value of ${name}`),
    column(1, 'mean', 'double', `Mean of ${name} over the pixels of an edge cell`),
    column(2, 'sd', 'double', `Standard deviation of ${name} over the pixels of an edge cell`),
  ];
}
