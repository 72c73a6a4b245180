import { parseRawKey } from '#schemas/object-keys.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { Predicate } from '../formats/iceberg/scan.ts';
import type { TableView } from './flow-context.ts';

/** Column that says which processing a row came from; tables without it go by the names of their files. */
export const processingColumn = 'processing_id';

/** Files that hold rows of one granule, and of which of its processings. */
export interface OwnedFile {
  readonly file: DataFile;
  readonly processingId: string;
}

/**
 * Ids of the processings whose rows one live file holds, by its name and its bounds: no row is read. Files are written for
 * one processing each and are named after it; one that maintenance made of several has other bounds on both sides.
 *
 * @returns The one id; or the bounds between which the ids of a file of several lie; null where neither is known.
 */
export function processingsOf(
  table: TableDefinition,
  file: DataFile,
): { readonly only: string } | { readonly from: string; readonly to: string } | null {
  const column = table.columns.find(({ name }) => name === processingColumn);
  if (column === undefined) {
    const name = /\/([0-9a-f]{32})(?:-\d+)?\.parquet$/.exec(file.path)?.[1];
    return name === undefined ? null : { only: name };
  }
  const [from, to] = [boundText(file.lowerBounds[column.id]), boundText(file.upperBounds[column.id])];
  if (from === null || to === null) return null;
  return from === to ? { only: from } : { from, to };
}

function boundText(bound: string | undefined): string | null {
  return bound === undefined ? null : Buffer.from(bound, 'base64').toString('utf8');
}

/** Conditions that every row of these granules meets, for a scan that opens few manifests. */
export function rowPredicates(
  table: TableDefinition,
  granuleKeys: readonly string[],
  processingIds: readonly string[],
): Predicate[] {
  const keys = granuleKeys.map((granuleKey) => parseRawKey(`${granuleKey}.x`));
  if (keys.some((key) => key === null)) return [];
  const values: Record<string, string[]> = {
    farm_id: [...new Set(keys.map((key) => key!.farmId))],
    acquisition_date: [...new Set(keys.map((key) => key!.date))],
    [processingColumn]: [...new Set(processingIds)],
  };
  return table.columns.flatMap(({ name }) => {
    const value = values[name];
    return value === undefined || value.length === 0 ? [] : [{ column: name, op: 'in' as const, value }];
  });
}

/** Live files with rows of some processings. */
export interface HeldFiles {
  /** Files of one of the processings alone. */
  readonly owned: readonly OwnedFile[];
  /** Files that hold rows of others too. */
  readonly shared: readonly DataFile[];
}

/**
 * Sorts out the live files that hold rows of some processings.
 *
 * @param files Live files of the table, at least those that `rowPredicates` finds.
 * @param processingsIn Asked of a file of several processings, which may hold any where it answers null.
 */
export async function heldFiles(
  table: TableDefinition,
  files: readonly DataFile[],
  processingIds: ReadonlySet<string>,
  processingsIn: TableView['processingsIn'],
): Promise<HeldFiles> {
  const owned: OwnedFile[] = [];
  const shared: DataFile[] = [];
  for (const file of files) {
    const held = processingsOf(table, file);
    if (held !== null && 'only' in held) {
      if (processingIds.has(held.only)) owned.push({ file, processingId: held.only });
      continue;
    }
    const possible = [...processingIds].filter((id) => held === null || (held.from <= id && id <= held.to));
    if (possible.length === 0) continue;
    const inFile = await processingsIn(file);
    if (inFile === null || possible.some((id) => inFile.has(id))) shared.push(file);
  }
  return { owned, shared };
}
