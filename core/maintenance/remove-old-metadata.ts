import { keyOf } from '../formats/iceberg/table-location.ts';
import {
  isMetadataFile,
  loadTable,
  type MaintenanceContext,
  type RemovableObject,
  removable,
  removalAgeMs,
  removeObjects,
  type TableName,
  tablePrefix,
} from './maintained-table.ts';
import { filesNamedByMetadata } from './named-files.ts';

export interface OldMetadataPlan {
  readonly files: readonly RemovableObject[];
  readonly sizeBytes: number;
}

/**
 * Metadata files that the log of the table does not name any more. Only those go that are older than a day: a writer that
 * still holds an old version would otherwise find its next number free and commit beside the table.
 *
 * @param options `isForced` lets a test remove younger ones.
 * @throws NotFoundError without such a table. Disposition: quarantine.
 */
export async function planOldMetadataRemoval(
  context: MaintenanceContext,
  table: TableName,
  options: { readonly isForced?: boolean } = {},
): Promise<OldMetadataPlan> {
  const { warehouse, clock } = context;
  const modifiedMsMax = clock.nowMs() - removalAgeMs(0, options.isForced === true);
  const loaded = await loadTable(context, table);
  const named = filesNamedByMetadata(loaded.metadata, loaded.metadataLocation, warehouse);
  const newest = versionOf(keyOf(warehouse, loaded.metadataLocation));
  const files: RemovableObject[] = [];
  for await (const facts of warehouse.list(`${tablePrefix(warehouse, loaded)}metadata/`)) {
    const { key, lastModifiedMs } = facts;
    if (!isMetadataFile(key) || key.endsWith('.text') || named.has(key) || lastModifiedMs > modifiedMsMax) continue;
    const version = versionOf(key);
    // Versions above the one that was loaded are newer commits, not old ones.
    if (version === null || newest === null || version < newest) files.push(removable(facts));
  }
  return { files, sizeBytes: files.reduce((sum, each) => sum + each.sizeBytes, 0) };
}

/** @returns Keys that were removed. */
export async function removeOldMetadata(context: MaintenanceContext, plan: OldMetadataPlan): Promise<string[]> {
  return removeObjects(context.warehouse, plan.files);
}

/** `v12.metadata.json`; null for names of other catalogs. */
function versionOf(key: string): number | null {
  const found = /\/v(\d+)\.metadata\.json/.exec(key);
  return found === null ? null : Number(found[1]);
}
