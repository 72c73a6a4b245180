import { partIdColumn } from '#schemas/edge-columns.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import { dayOfDate } from '../../day.ts';
import { FormatError } from '../../errors.ts';
import type { CellValue } from '../../formats/parquet/cell-columns.ts';
import type { DecodedColumn } from '../../formats/parquet/decode-column.ts';
import type { Row } from '../../pipeline/stage-table.ts';
import { edgeProcessingId } from '../edge-processing.ts';
import type { ReadPart } from './read-part.ts';

/** gold.plot_index with the column that only rows from the field have. */
export const edgePlotIndex: TableDefinition = {
  ...goldPlotIndex,
  columns: [...goldPlotIndex.columns, partIdColumn],
};

/**
 * Rows of gold.plot_index from a `plots` part. What a row says of its granule comes from the granule's key: a device speaks for
 * no other.
 * @throws FormatError for other columns than the table's. Disposition: quarantine.
 */
export function plotRows({ attributes, key, rowCount, columns, values }: ReadPart): Row[] {
  const isSame =
    columns.length === goldPlotIndex.columns.length &&
    goldPlotIndex.columns.every(({ id, name, type }, at) => {
      const column = columns[at]!;
      return column.id === id && column.name === name && column.type === type;
    });
  if (!isSame) throw new FormatError('Expected the columns of gold.plot_index, got others.');
  const identity = {
    farm_id: key.farmId,
    acquisition_date: dayOfDate(key.date),
    cube_id: key.id,
    processing_id: edgeProcessingId(attributes.subject),
    part_id: attributes.id,
  };
  return Array.from({ length: rowCount }, (_, row) => {
    const cells = columns.map(({ name }, at): [string, CellValue] => [name, cellOf(values[at]!, row)]);
    const lacking = goldPlotIndex.columns.find(({ required }, at) => required && cells[at]![1] === null);
    if (lacking !== undefined) throw new FormatError(`Expected ${lacking.name} in every row, got none in one.`);
    return { ...Object.fromEntries(cells), ...identity };
  });
}

function cellOf(column: DecodedColumn, row: number): CellValue {
  if (column.kind === 'codes') return column.codes[row]! < 0 ? null : column.dictionary[column.codes[row]!]!;
  const value = column.values[row]!;
  if (column.kind === 'float64') return Number.isNaN(value) ? null : value;
  return column.validMask[row] === 1 ? value : null;
}
