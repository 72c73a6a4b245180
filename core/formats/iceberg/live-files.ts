import { FormatError, NotFoundError } from '../../errors.ts';
import { manifestParallelCount, searchedPathCountMax } from '../../limits.ts';
import { type AvroRecord, fieldKey } from '../avro/avro-value.ts';
import { type Condition, type PartitionCondition, summariesMayMatch } from './conditions.ts';
import { dataFileId, pathOf } from './data-file-record.ts';
import { formatJson } from './json-int64.ts';
import { entryStatus, type ManifestEntry } from './manifest.ts';
import { type FieldSummary, type ManifestFile, mayHoldLiveFiles } from './manifest-list.ts';
import type { ManifestReader, PartitionFilter } from './manifest-reader.ts';
import { partitionTypes } from './partition.ts';
import type { SingleValue } from './single-value.ts';
import type { PartitionSpec, Schema } from './table-metadata.ts';

export interface LiveFilesContext {
  /** Paths of manifests that were found not to mention the added files: they never change, and a retry meets them again. Null where the manifests are decoded anyway. */
  readonly cleared: Set<string> | null;
  readonly reader: ManifestReader;
  readonly spec: PartitionSpec;
  readonly schemas: readonly Schema[];
}

/**
 * Refuses files that are live already: a path twice in a table is every row twice. Only blocks that may hold the partitions
 * of the files are read, so that an append costs what its own partitions hold, whatever else the table does.
 *
 * @throws FormatError naming the path. Disposition: quarantine.
 */
export async function refuseLivePaths(
  added: readonly AvroRecord[],
  manifests: readonly ManifestFile[],
  context: LiveFilesContext,
): Promise<void> {
  if (added.length === 0) return;
  const paths = new Set(added.map(pathOf));
  const mayHold = partitionFilter(
    added.map((file) => file[dataFileId.partition] as AvroRecord),
    context,
  );
  const near = manifests.filter((manifest) => isLiveData(manifest) && mayHold(manifest.partitions, manifest));
  const visit = (entries: readonly ManifestEntry[], manifest: ManifestFile) => {
    const found = entries.find((entry) => paths.has(pathOf(entry.file)));
    if (found !== undefined)
      throw new FormatError(
        `Expected new files, got ${pathOf(found.file)}, which the table holds already. Nothing was committed.`,
        { path: pathOf(found.file), manifest: manifest.path },
      );
    return false;
  };
  await context.reader.visitLive(await mentioning([...paths], near, mayHold, context), visit, mayHold);
}

/** Decoding many entries takes long; nearly always none of the paths is among them. */
async function mentioning(
  paths: readonly string[],
  near: readonly ManifestFile[],
  mayHold: PartitionFilter,
  { reader, cleared }: LiveFilesContext,
): Promise<ManifestFile[]> {
  if (cleared === null || paths.length > searchedPathCountMax) return [...near];
  const out: ManifestFile[] = [];
  const unknown = near.filter((manifest) => !cleared.has(manifest.path));
  for (let start = 0; start < unknown.length; start += manifestParallelCount) {
    const some = unknown.slice(start, start + manifestParallelCount);
    const found = await Promise.all(some.map((manifest) => reader.mentions(manifest, paths, mayHold)));
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
  const mayHold = partitionFilter(likelyPartitions, context);
  const isLikely = (manifest: ManifestFile) => mayHold(manifest.partitions, manifest);
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
function partitionFilter(partitions: readonly AvroRecord[], { spec, schemas }: LiveFilesContext): PartitionFilter {
  const types = partitionTypes(spec, schemas);
  const unique = [...new Map(partitions.map((partition) => [formatJson(partition), partition])).values()];
  const wanted = unique.map((partition) => ({ partition, conditions: conditionsOf(partition, spec, types) }));
  return (summaries, manifest) => {
    if (manifest.specId !== spec['spec-id'] || summaries === null) return true;
    return wanted.some(
      ({ partition, conditions }) => !lacksNull(partition, summaries, spec) && summariesMayMatch(summaries, conditions),
    );
  };
}

function conditionsOf(partition: AvroRecord, spec: PartitionSpec, types: readonly string[]): PartitionCondition[] {
  const conditions: PartitionCondition[] = [];
  for (const [position, field] of spec.fields.entries()) {
    const value = partition[fieldKey(field['field-id'])] ?? null;
    if (value === null) continue;
    const condition: Condition = { operator: '=', values: [value as SingleValue] };
    conditions.push({ position, fieldId: field['field-id'], type: types[position]!, condition });
  }
  return conditions;
}

/** NULL is sought and there is none. */
function lacksNull(partition: AvroRecord, summaries: readonly FieldSummary[], spec: PartitionSpec): boolean {
  return spec.fields.some(
    (field, position) =>
      (partition[fieldKey(field['field-id'])] ?? null) === null && summaries[position]?.containsNull === false,
  );
}
