import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { NotFoundError } from '../errors.ts';
import type { PublishContext } from '../formats/iceberg/publish.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import { removalAgeMsMin } from '../limits.ts';
import type { LoadedTable } from '../ports/catalog.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';

/** What maintenance works on: the committer's context. */
export type MaintenanceContext = PublishContext;

export type TableName = Pick<TableDefinition, 'namespace' | 'name'>;

/** An object that nobody needs any more. */
export interface RemovableObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly lastModifiedMs: number;
}

/** @throws NotFoundError when there is no such table. Disposition: quarantine. */
export async function loadTable(context: MaintenanceContext, table: TableName): Promise<LoadedTable> {
  const loaded = await context.catalog.loadTable(table);
  if (loaded !== null) return loaded;
  throw new NotFoundError(`Expected a table ${tableName(table)}, got none.`, { table: tableName(table) });
}

/** Prefix of everything that belongs to the table: nothing outside it is ever removed. */
export function tablePrefix(warehouse: ObjectStore, { metadata }: LoadedTable): string {
  return `${keyOf(warehouse, metadata.location.replace(/\/+$/, ''))}/`;
}

/** Metadata files go by their own rule: a writer finds the newest version of a table by their names. */
export function isMetadataFile(key: string): boolean {
  return /\.metadata\.json(\.gz)?$/.test(key) || key.endsWith('/version-hint.text');
}

export function removable({ key, sizeBytes, lastModifiedMs }: ObjectFacts): RemovableObject {
  return { key, sizeBytes, lastModifiedMs };
}

/** The age that files must have, at least a day; a test may ask for less. */
export function removalAgeMs(wantedMs: number, isForced: boolean): number {
  return isForced ? wantedMs : Math.max(wantedMs, removalAgeMsMin);
}

/**
 * Removes objects one by one; one that is gone already is no error, one that was written anew since it was found stays.
 * @returns Keys that were removed.
 */
export async function removeObjects(warehouse: ObjectStore, objects: readonly RemovableObject[]): Promise<string[]> {
  const removed: string[] = [];
  for (const { key, lastModifiedMs } of objects) {
    const facts = await warehouse.head(key);
    if (facts === null || facts.lastModifiedMs !== lastModifiedMs) continue;
    await warehouse.delete(key);
    removed.push(key);
  }
  return removed;
}
