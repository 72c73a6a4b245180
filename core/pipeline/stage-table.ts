import type { StagedTable } from '#schemas/manifest.ts';
import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { dateOfDay } from '../day.ts';
import { InvariantError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { tableKey, uriOf } from '../formats/iceberg/table-location.ts';
import { type CellValue, columnOfCells } from '../formats/parquet/cell-columns.ts';
import type { ColumnValues } from '../formats/parquet/column-values.ts';
import { encodeParquet } from '../formats/parquet/parquet-file.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** One value of a row: `null` is NULL; dates are days and timestamps microseconds since 1970. */
export type Row = Readonly<Record<string, CellValue>>;

/** Key of a data file: Hive-like folders for people, while Iceberg itself goes by its metadata. */
export function dataFileKey(table: TableDefinition, partition: DataFile['partition'], fileName: string): string {
  const folders = table.partition.map((field) => {
    const value = partition[field.name] ?? null;
    const shown = value === null ? 'null' : field.transform === 'day' ? dateOfDay(Number(value)) : String(value);
    return `${field.name}=${encodeURIComponent(shown)}`;
  });
  return [tableKey(table), 'data', ...folders, fileName].join('/');
}

/**
 * Writes the rows of one partition of a small table as one Parquet file. The key follows from `fileName`, so that a
 * repeated attempt writes the same object.
 */
export async function stageRows(
  warehouse: ObjectStore,
  table: TableDefinition,
  partition: DataFile['partition'],
  fileName: string,
  rows: readonly Row[],
): Promise<DataFile> {
  const values = table.columns.map((column) => columnOf(column.type, rows, column.name));
  const { bytes, facts } = encodeParquet(table.columns, values, rows.length);
  const key = dataFileKey(table, partition, fileName);
  await warehouse.put(key, bytes);
  return facts.dataFile(uriOf(warehouse, key), partition, bytes.length);
}

export function stagedTable(table: TableDefinition, dataFiles: readonly DataFile[]): StagedTable {
  return {
    table: tableName(table),
    extra_columns: [],
    data_files: dataFiles.map((file) => ({ ...file, splitOffsets: [...file.splitOffsets] })),
  };
}

function columnOf(type: TableDefinition['columns'][number]['type'], rows: readonly Row[], name: string): ColumnValues {
  if (type === 'float') {
    throw new InvariantError('Expected no float column in a small table: bands are staged tile by tile', { name });
  }
  return columnOfCells(
    type,
    rows.map((row) => row[name] ?? null),
  );
}
