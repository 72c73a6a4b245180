import { bandColumns } from '#schemas/band-column.ts';
import { cellColumns, indexColumns, partIdColumn } from '#schemas/edge-columns.ts';
import { type ColumnDefinition, tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { FormatError } from '../errors.ts';
import { evolveSchema } from '../formats/iceberg/evolve-schema.ts';
import { type PublishContext, publish } from '../formats/iceberg/publish.ts';
import { readFooter } from '../formats/parquet/read-footer.ts';
import { contentHash } from '../pipeline/content-hash.ts';
import type { ByteSource } from '../ports/byte-source.ts';
import { indexDefinitions } from '../spectral-indices/index-definitions.ts';
import { keyColumns } from './edge-mode.ts';

/**
 * Columns of silver.reflectance that rows of a `cells` part have beyond the table's definition.
 * @param source A part, as a spool or `edge preview --out` keeps it.
 * @throws FormatError for another file. Disposition: quarantine.
 */
export async function columnsOfPart(source: ByteSource): Promise<readonly ColumnDefinition[]> {
  const footer = await readFooter(source);
  const measured = footer?.columns.filter(({ id }) => !keyColumns.some(({ column }) => column.id === id)) ?? [];
  const columns = measured.map(({ id, name }) => measuredColumns(id).find((column) => column.name === name));
  if (columns.length > 0 && !columns.includes(undefined)) return [...cellColumns, ...(columns as ColumnDefinition[])];
  throw new FormatError(`Expected cells of a field machine, got another file (${source.name}). Give parts of cells.`, {
    path: source.name,
  });
}

const allIndexColumns = indexDefinitions.flatMap(({ name }, position) => indexColumns(name, position));

/** Columns that may have this id. A band has a decimal because another shares its nanometre. */
function measuredColumns(id: number): readonly ColumnDefinition[] {
  const nm = (id - bandColumns([0])[0]!.id) / 10;
  const bands = [...bandColumns([nm]), ...bandColumns([nm, Math.round(nm)])];
  return [...allIndexColumns, ...bands].filter((column) => column?.id === id) as ColumnDefinition[];
}

/** What cubes of these bands may need: a column for each band, three for every index. @param wavelengthsNm Band centres. */
export function columnsOfWavelengths(wavelengthsNm: readonly number[]): readonly ColumnDefinition[] {
  const bands = bandColumns(wavelengthsNm).filter((column) => column !== null);
  return [...cellColumns, ...allIndexColumns, ...bands];
}

export interface AddedColumns {
  readonly table: string;
  readonly addedCount: number;
}

/**
 * Gives silver.reflectance the columns that rows from the field need, and gold.plot_index the one for their part, with the ids
 * that every writer of this project gives them: for engines that write these tables but would number new columns themselves.
 * Tables that are not there are made. Again with the same columns, nothing changes.
 *
 * @throws ConfigurationError for columns that contradict the table; as `publish`.
 */
export async function addEdgeColumns(
  context: PublishContext,
  columns: readonly ColumnDefinition[],
): Promise<AddedColumns[]> {
  const added: AddedColumns[] = [];
  for (const [table, extraColumns] of [
    [silverReflectance, columns],
    [goldPlotIndex, [partIdColumn]],
  ] as const) {
    const metadata = (await context.catalog.loadTable(table))?.metadata ?? null;
    const known = new Set(metadata === null ? [] : evolveSchema(metadata, table, []).schema.fields.map(({ id }) => id));
    const missing = extraColumns.filter(({ id }) => !known.has(id));
    added.push({ table: tableName(table), addedCount: missing.length });
    if (metadata !== null && metadata['current-snapshot-id'] !== null) {
      // Also checks that those of the table are the ones that are meant.
      if (evolveSchema(metadata, table, extraColumns).updates.length === 0) continue;
    }
    const commitId = contentHash([tableName(table), 'edge columns', missing.map(({ id }) => id)]);
    await publish(context, table, { commitId, extraColumns, addFiles: [], removePaths: [], summary: {} });
  }
  return added;
}
