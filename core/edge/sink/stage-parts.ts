import { partIdColumn } from '#schemas/edge-columns.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { dayOfDate } from '../../day.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import { uriOf } from '../../formats/iceberg/table-location.ts';
import { encodeRowGroup, rowGroupScratch } from '../../formats/parquet/encode-row-group.ts';
import { ParquetFileFacts, parquetMagic } from '../../formats/parquet/parquet-file.ts';
import { contentHash } from '../../pipeline/content-hash.ts';
import { dataFileKey, type Row, stageRows } from '../../pipeline/stage-table.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { SilverCells } from './cell-values.ts';
import { edgePlotIndex } from './plot-rows.ts';
import type { ReadPart } from './read-part.ts';

export interface StagedParts {
  readonly file: DataFile;
  /** Columns beyond the table's definition. */
  readonly extraColumns: readonly ColumnDefinition[];
}

/** A part that has been read whole, ready for its table. */
export type DecodedPart = {
  readonly part: ReadPart;
  readonly sizeBytes: number;
  /** Where in the log it stands. */
  readonly partition: number;
  readonly offset: bigint;
} & (
  | { readonly kind: 'cells'; readonly cells: SilverCells }
  | { readonly kind: 'plots'; readonly rows: readonly Row[] }
);
export type CellsPart = Extract<DecodedPart, { kind: 'cells' }>;
export type PlotsPart = Extract<DecodedPart, { kind: 'plots' }>;

/** Parts with the same key can share a file: one granule, the same columns. */
export function fileKeyOf(decoded: DecodedPart): string {
  const { subject } = decoded.part.attributes;
  if (decoded.kind === 'plots') return subject;
  return JSON.stringify([subject, decoded.cells.columns.map(({ id }) => id)]);
}

/**
 * Writes parts of one `fileKeyOf` as one file of silver.reflectance, a row group for each. The key follows from the parts, so that
 * a repeated attempt writes the same object.
 */
export async function stageCells(warehouse: ObjectStore, parts: readonly CellsPart[]): Promise<StagedParts> {
  const [first] = parts as [CellsPart];
  const { columns } = first.cells;
  const facts = new ParquetFileFacts(columns);
  const scratch = rowGroupScratch();
  const pieces: Uint8Array[] = [parquetMagic];
  for (const { cells } of parts) {
    const group = encodeRowGroup(columns, cells.values, cells.rowCount, scratch);
    pieces.push(group.bytes.slice());
    facts.add(group);
  }
  const bytes = Buffer.concat([...pieces, facts.footer()]);
  const partition = partitionOf(first);
  const key = dataFileKey(silverReflectance, partition, fileNameOf(parts));
  await warehouse.put(key, bytes);
  return {
    file: facts.dataFile(uriOf(warehouse, key), partition, bytes.length),
    extraColumns: columns.slice(silverReflectance.columns.length),
  };
}

/** Writes parts of one granule as one file of gold.plot_index. */
export async function stagePlots(warehouse: ObjectStore, parts: readonly PlotsPart[]): Promise<StagedParts> {
  const rows = parts.flatMap((each) => each.rows);
  const file = await stageRows(warehouse, edgePlotIndex, partitionOf(parts[0]!), fileNameOf(parts), rows);
  return { file, extraColumns: [partIdColumn] };
}

function fileNameOf(parts: readonly DecodedPart[]): string {
  return `${contentHash(parts.map(({ part }) => part.attributes.id))}-edge.parquet`;
}

function partitionOf({ part }: DecodedPart): DataFile['partition'] {
  return { farm_id: part.key.farmId, acquisition_date_day: dayOfDate(part.key.date) };
}
