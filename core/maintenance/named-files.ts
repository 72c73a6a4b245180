import { FormatError, NotFoundError } from '../errors.ts';
import { dataFileId } from '../formats/iceberg/data-file-record.ts';
import { decodeManifest, entryStatus } from '../formats/iceberg/manifest.ts';
import { decodeManifestList, type ManifestFile } from '../formats/iceberg/manifest-list.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import type { Snapshot, TableMetadata } from '../formats/iceberg/table-metadata.ts';
import { manifestParallelCount } from '../limits.ts';
import type { ObjectStore } from '../ports/object-store.ts';

export interface NamingOptions {
  /** Also files that a snapshot only says to have removed. */
  readonly withRemoved?: boolean;
  /** Skip manifests that are gone already: for snapshots whose files another run is removing. */
  readonly mayBeGone?: boolean;
}

/**
 * Keys of all files that these snapshots name: manifest lists, manifests, data files, delete files. Only paths are kept, so
 * that a table of a hundred thousand files takes some ten megabytes.
 *
 * @throws NotFoundError, FormatError when a snapshot cannot be read, unless it may be gone: what is not known must not be
 *   removed (quarantine).
 */
export async function filesNamedBy(
  snapshots: readonly Snapshot[],
  warehouse: ObjectStore,
  options: NamingOptions = {},
): Promise<Set<string>> {
  const keys = new Set<string>();
  const manifests = new Map<string, ManifestFile>();
  for (const snapshot of snapshots) {
    const uri = snapshot['manifest-list'];
    addKey(keys, warehouse, uri);
    const bytes = await bytesOf(warehouse, uri, options);
    if (bytes === null) continue;
    for (const manifest of decodeManifestList(bytes, uri)) manifests.set(manifest.path, manifest);
  }
  const all = [...manifests.values()];
  for (let start = 0; start < all.length; start += manifestParallelCount) {
    const some = all.slice(start, start + manifestParallelCount);
    await Promise.all(some.map((manifest) => addManifest(keys, warehouse, manifest, options)));
  }
  return keys;
}

async function addManifest(
  keys: Set<string>,
  warehouse: ObjectStore,
  manifest: ManifestFile,
  options: NamingOptions,
): Promise<void> {
  addKey(keys, warehouse, manifest.path);
  const bytes = await bytesOf(warehouse, manifest.path, options);
  if (bytes === null) return;
  for (const { status, file } of decodeManifest(bytes, manifest)) {
    if (status === entryStatus.deleted && options.withRemoved !== true) continue;
    addKey(keys, warehouse, String(file[dataFileId.path]));
  }
}

/** Statistics and metadata files that the metadata itself names. */
export function filesNamedByMetadata(
  metadata: TableMetadata,
  metadataLocation: string,
  warehouse: ObjectStore,
): Set<string> {
  const keys = new Set<string>();
  addKey(keys, warehouse, metadataLocation);
  for (const entry of metadata['metadata-log']) addKey(keys, warehouse, entry['metadata-file']);
  for (const file of [...(metadata.statistics ?? []), ...(metadata['partition-statistics'] ?? [])])
    addKey(keys, warehouse, file['statistics-path']);
  return keys;
}

/** What lies outside the warehouse is not ours to keep or to remove. */
function addKey(keys: Set<string>, warehouse: ObjectStore, uri: string): void {
  try {
    keys.add(keyOf(warehouse, uri));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

async function bytesOf(warehouse: ObjectStore, uri: string, { mayBeGone }: NamingOptions): Promise<Uint8Array | null> {
  try {
    return (await warehouse.get(keyOf(warehouse, uri))).bytes;
  } catch (error) {
    if (mayBeGone === true && (error instanceof NotFoundError || error instanceof FormatError)) return null;
    throw error;
  }
}
