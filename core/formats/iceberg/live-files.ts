import { FormatError, NotFoundError } from '../../errors.ts';
import { manifestParallelCount, searchedPathCountMax } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { avroFileMentions } from '../avro/avro-file.ts';
import { type AvroRecord, fieldKey } from '../avro/avro-value.ts';
import { type Condition, manifestMayMatch, type PartitionCondition } from './conditions.ts';
import { dataFileId, pathOf } from './data-file-record.ts';
import { entryStatus, type ManifestEntry } from './manifest.ts';
import { type ManifestFile, mayHoldLiveFiles } from './manifest-list.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { partitionTypes } from './partition.ts';
import type { SingleValue } from './single-value.ts';
import { keyOf } from './table-location.ts';
import type { PartitionSpec, Schema } from './table-metadata.ts';

export interface LiveFilesContext {
  readonly warehouse: ObjectStore;
  /** Paths of manifests that were found not to mention the added files: they never change, and a retry meets them again. Null where the manifests are decoded anyway. */
  readonly cleared: Set<string> | null;
  readonly reader: ManifestReader;
  readonly spec: PartitionSpec;
  readonly schemas: readonly Schema[];
}

/**
 * Refuses files that are live already: a path twice in a table is every row twice. Manifests of other partitions are not
 * read, so that an append costs what its own partitions hold.
 *
 * @throws FormatError naming the path. Disposition: quarantine.
 */
export async function refuseLivePaths(
  added: readonly AvroRecord[],
  manifests: readonly ManifestFile[],
  context: LiveFilesContext,
): Promise<void> {
  const paths = new Set(added.map(pathOf));
  const partitions = added.map((file) => file[dataFileId.partition] as AvroRecord);
  const near = manifests.filter((manifest) => isLiveData(manifest) && mayHoldPartition(manifest, partitions, context));
  await context.reader.visitLive(await mentioning([...paths], near, context), (entries, manifest) => {
    const found = entries.find((entry) => paths.has(pathOf(entry.file)));
    if (found !== undefined)
      throw new FormatError(
        `Expected new files, got ${pathOf(found.file)}, which the table holds already. Nothing was committed.`,
        { path: pathOf(found.file), manifest: manifest.path },
      );
    return false;
  });
}

/** Decoding a large manifest takes seconds and hundreds of megabytes; nearly always none of the paths is in it. */
async function mentioning(
  paths: readonly string[],
  near: readonly ManifestFile[],
  { warehouse, cleared }: LiveFilesContext,
): Promise<ManifestFile[]> {
  if (cleared === null || paths.length > searchedPathCountMax) return [...near];
  const out: ManifestFile[] = [];
  const unknown = near.filter((manifest) => !cleared.has(manifest.path));
  for (let start = 0; start < unknown.length; start += manifestParallelCount) {
    const some = unknown.slice(start, start + manifestParallelCount);
    const found = await Promise.all(
      some.map(async ({ path }) => avroFileMentions((await warehouse.get(keyOf(warehouse, path))).bytes, paths, path)),
    );
    for (const [index, manifest] of some.entries()) {
      if (found[index]) out.push(manifest);
      else cleared.add(manifest.path);
    }
  }
  return out;
}

/** A manifest that must be written anew: its entries with the removed ones marked. */
export interface RewrittenManifest {
  readonly original: ManifestFile;
  readonly entries: readonly ManifestEntry[];
}

export interface Removal {
  readonly rewritten: readonly RewrittenManifest[];
  readonly removed: readonly AvroRecord[];
  /** Highest data sequence number of the removed files; null when there are none. */
  readonly newestSequenceNumber: bigint | null;
}

/**
 * Finds live files by path and marks them deleted by `snapshotId`. Only manifests that hold one are rewritten; manifests
 * of likely partitions are read first, and reading stops when all are found.
 *
 * @param likelyPartitions Guesses from the paths and from the files that take their place.
 * @throws NotFoundError for a path that is not live, for instance because another writer replaced it. Disposition: quarantine.
 */
export async function removeLivePaths(
  paths: readonly string[],
  likelyPartitions: readonly AvroRecord[],
  manifests: readonly ManifestFile[],
  snapshotId: bigint,
  context: LiveFilesContext,
): Promise<Removal> {
  const sought = new Set(paths);
  const rewritten: RewrittenManifest[] = [];
  const removed: AvroRecord[] = [];
  let newestSequenceNumber: bigint | null = null;
  const live = manifests.filter(isLiveData);
  const isLikely = (manifest: ManifestFile) => mayHoldPartition(manifest, likelyPartitions, context);
  const likely = live.filter(isLikely);
  const visit = (entries: readonly ManifestEntry[], original: ManifestFile): boolean => {
    const gone = new Set(entries.filter((entry) => sought.delete(pathOf(entry.file))));
    if (gone.size > 0) {
      for (const { file, sequenceNumber } of gone) {
        removed.push(file);
        if (newestSequenceNumber === null || sequenceNumber! > newestSequenceNumber)
          newestSequenceNumber = sequenceNumber;
      }
      rewritten.push({ original, entries: entries.map((entry) => carried(entry, gone.has(entry), snapshotId)) });
    }
    return sought.size === 0;
  };
  if (sought.size > 0) await context.reader.visitLive(likely, visit);
  const others = live.filter((manifest) => !likely.includes(manifest));
  if (sought.size > 0) await context.reader.visitLive(others, visit);
  const [lost] = sought;
  if (lost !== undefined)
    throw new NotFoundError(
      `Expected a live file ${lost}, got none (${sought.size} of ${new Set(paths).size} paths are not in the table). Another writer may have replaced it.`,
      { path: lost },
    );
  return { rewritten, removed, newestSequenceNumber };
}

/** An entry in a new manifest: its history is written out, because there is nothing left to inherit it from. */
export function carried(entry: ManifestEntry, isDeleted: boolean, snapshotId: bigint): ManifestEntry {
  return isDeleted ? { ...entry, status: entryStatus.deleted, snapshotId } : { ...entry, status: entryStatus.existing };
}

function isLiveData(manifest: ManifestFile): boolean {
  return manifest.content === 'data' && mayHoldLiveFiles(manifest);
}

/** Summaries of another spec say nothing about ours. */
function mayHoldPartition(
  manifest: ManifestFile,
  partitions: readonly AvroRecord[],
  context: LiveFilesContext,
): boolean {
  const { spec, schemas } = context;
  if (manifest.specId !== spec['spec-id']) return true;
  const types = partitionTypes(spec, schemas);
  return partitions.some((partition) => {
    const conditions: PartitionCondition[] = [];
    for (const [position, field] of spec.fields.entries()) {
      const value = partition[fieldKey(field['field-id'])] ?? null;
      if (value === null && manifest.partitions?.[position]?.containsNull === false) return false;
      const condition: Condition | null = value === null ? null : { operator: '=', values: [value as SingleValue] };
      if (condition !== null)
        conditions.push({ position, fieldId: field['field-id'], type: types[position]!, condition });
    }
    return manifestMayMatch(manifest, conditions);
  });
}
