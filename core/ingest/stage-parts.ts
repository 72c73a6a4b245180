import { partFactsKey } from '#schemas/edge-messages.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { dayOfDate } from '../day.ts';
import { edgeProcessingId } from '../edge/edge-processing.ts';
import { FormatError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import { uriOf } from '../formats/iceberg/table-location.ts';
import type { CellValue } from '../formats/parquet/cell-columns.ts';
import { encodeRowGroup, rowGroupScratch } from '../formats/parquet/encode-row-group.ts';
import { ParquetFileFacts, parquetMagic } from '../formats/parquet/parquet-file.ts';
import { contentHash } from '../pipeline/content-hash.ts';
import { dataFileKey, type Row, stageRows } from '../pipeline/stage-table.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type CellsPart, cellColumns, cellLayoutOf } from './cell-columns.ts';
import type { ReadPart } from './read-part.ts';

export interface StagedParts {
  readonly file: DataFile;
  /** Columns beyond the table's definition. */
  readonly extraColumns: readonly ColumnDefinition[];
}

/**
 * Writes parts of one granule with the same columns as one file of silver.reflectance, a row group for each. The key follows from
 * the parts, so that a repeated attempt writes the same object.
 */
export async function stageCells(warehouse: ObjectStore, parts: readonly CellsPart[]): Promise<StagedParts> {
  const [first] = parts as [CellsPart];
  const layout = cellLayoutOf(first);
  const facts = new ParquetFileFacts(layout.columns);
  const scratch = rowGroupScratch();
  const pieces: Uint8Array[] = [parquetMagic];
  for (const part of parts) {
    const group = encodeRowGroup(layout.columns, cellColumns(part, layout), part.table.rowCount, scratch);
    pieces.push(group.bytes.slice());
    facts.add(group);
  }
  const { cell_size, reflectance_precision, index_precision, ndvi_min } = first.facts;
  const said = { [partFactsKey]: JSON.stringify({ cell_size, reflectance_precision, index_precision, ndvi_min }) };
  const bytes = Buffer.concat([...pieces, facts.footer(said)]);
  const partition = partitionOf(first);
  const name = `${contentHash(parts.map(({ partId }) => partId).toSorted())}-edge.parquet`;
  const key = dataFileKey(silverReflectance, partition, name);
  await warehouse.put(key, bytes);
  return {
    file: facts.dataFile(uriOf(warehouse, key), partition, bytes.length),
    extraColumns: layout.columns.slice(silverReflectance.columns.length),
  };
}

/** Parts that can share a file have the same columns. */
export function layoutKey({ table }: CellsPart): string {
  return JSON.stringify([...table.fieldIds]);
}

/** Rows of gold.plot_index of one part, as they are. @throws FormatError for rows of another granule or another table. */
export function plotRowsOf({ table, place, granuleKey, partId }: ReadPart): Row[] {
  const wrong = goldPlotIndex.columns.find(({ id, name }) => table.fieldIds.get(name) !== id);
  if (wrong !== undefined || table.fieldIds.size !== goldPlotIndex.columns.length)
    throw new FormatError(`Expected the columns of gold.plot_index, got others (part ${partId}).`);
  const day = dayOfDate(place.date);
  const processingId = edgeProcessingId(granuleKey);
  return Array.from({ length: table.rowCount }, (_, row): Row => {
    const values = goldPlotIndex.columns.map(({ name, type, required }): [string, CellValue] => {
      const value = cellOf(table.columns.get(name)![row] ?? null, type);
      const isFit = value === null ? !required : fits[type]?.(value);
      if (isFit !== true) throw new FormatError(`Expected ${type} as ${name}, got another value (part ${partId}).`);
      return [name, value];
    });
    const read = Object.fromEntries(values);
    const isOurs = read['farm_id'] === place.farmId && read['acquisition_date'] === day && read['cube_id'] === place.id;
    if (!isOurs || read['processing_id'] !== processingId)
      throw new FormatError(`Expected rows of ${granuleKey}, got those of another granule (part ${partId}).`);
    return read;
  });
}

export async function stagePlots(warehouse: ObjectStore, part: ReadPart, rows: readonly Row[]): Promise<StagedParts> {
  const keys = rows.map((row) => [row['plot_id'], row['spectral_index']]);
  const name = `${contentHash([part.partId, keys])}-edge.parquet`;
  const file = await stageRows(warehouse, goldPlotIndex, partitionOf(part), name, rows);
  return { file, extraColumns: [] };
}

function partitionOf({ place }: ReadPart): DataFile['partition'] {
  return { farm_id: place.farmId, acquisition_date_day: dayOfDate(place.date) };
}

const fits: Readonly<Record<string, (value: CellValue) => boolean>> = {
  string: (value) => typeof value === 'string' && value.length <= 100_000,
  int: (value) => typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31,
  double: (value) => typeof value === 'number',
  date: (value) => typeof value === 'number' && Number.isInteger(value),
};

/** Dates are days here. */
function cellOf(value: unknown, type: string): CellValue {
  return value instanceof Date && type === 'date' ? Math.round(value.getTime() / 86_400_000) : (value as CellValue);
}
