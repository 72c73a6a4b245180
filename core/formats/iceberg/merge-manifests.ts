import {
  icebergManifestBytesTarget,
  icebergManifestCountBeforeMerge,
  manifestMergeEntryCountMax,
  manifestRewriteBytesMax,
} from '../../limits.ts';
import { blocksIn, readHeader } from '../avro/avro-blocks.ts';
import { dataFileId, pathOf } from './data-file-record.ts';
import { formatJson } from './json-int64.ts';
import { carried } from './live-files.ts';
import { type CopiedManifest, type ManifestEntry, manifestSchemaText } from './manifest.ts';
import { readBlockIndex } from './manifest-blocks.ts';
import type { ManifestFile } from './manifest-list.ts';
import type { ManifestReader } from './manifest-reader.ts';
import type { PartitionSpec, Schema } from './table-metadata.ts';

/** What one new manifest is made of. */
export interface MergedGroup {
  readonly entries: readonly ManifestEntry[];
  readonly copied: readonly CopiedManifest[];
}

export interface Merge {
  /** Manifests that the groups take the place of. */
  readonly replaced: ReadonlySet<ManifestFile>;
  readonly groups: readonly MergedGroup[];
}

export interface MergeContext {
  /** Only manifests of this spec are merged with each other. */
  readonly spec: PartitionSpec;
  readonly schemas: readonly Schema[];
  readonly snapshotId: bigint;
  readonly reader: ManifestReader;
}

const nothing: Merge = { replaced: new Set(), groups: [] };

/**
 * Merges the oldest manifests of one size class, when there are enough of them, into one of the next class: so a snapshot has
 * few manifests of each class, and a file's entry is moved only as often as the table has grown eightfold. What an earlier
 * merge has written goes over block by block, so that no commit decodes much.
 *
 * @param kept Manifests of earlier commits that this commit leaves as they are.
 */
export async function mergeSmallManifests(kept: readonly ManifestFile[], context: MergeContext): Promise<Merge> {
  const chosen = fullClass(kept.filter((each) => each.specId === context.spec['spec-id'] && isMergeable(each)));
  if (chosen.length < 2) return nothing;
  const copied: CopiedManifest[] = [];
  const decoded: ManifestFile[] = [];
  const parts = await Promise.all(chosen.map((manifest) => copyOf(manifest, context)));
  for (const [index, part] of parts.entries()) {
    if (part === null) decoded.push(chosen[index]!);
    else copied.push(part);
  }
  const entries = await sortedEntries(decoded, context);
  const isEmpty = entries.length === 0 && copied.length === 0;
  return { replaced: new Set(chosen), groups: isEmpty ? [] : [{ entries, copied }] };
}

/** The smallest class first: it fills most often. */
function fullClass(manifests: readonly ManifestFile[]): ManifestFile[] {
  const classes = Map.groupBy(manifests, sizeClass);
  for (const size of [...classes.keys()].sort((a, b) => a - b)) {
    const oldest = classes.get(size)!.toSorted((a, b) => (a.sequenceNumber < b.sequenceNumber ? -1 : 1));
    if (oldest.length < icebergManifestCountBeforeMerge) continue;
    const chosen = upTo(icebergManifestBytesTarget, oldest.slice(0, icebergManifestCountBeforeMerge));
    if (chosen.length > 1) return chosen;
  }
  return [];
}

/** By the number of files: eight manifests of a class have enough for the next. */
function sizeClass(manifest: ManifestFile): number {
  return Math.floor(Math.log2(Math.max(1, fileCountOf(manifest))) / Math.log2(icebergManifestCountBeforeMerge));
}

function fileCountOf({ addedFileCount, existingFileCount, deletedFileCount }: ManifestFile): number {
  return (addedFileCount ?? 0) + (existingFileCount ?? 0) + (deletedFileCount ?? 0);
}

/** Not those above half the target, which would gain nothing, and not those that would take long to write out anew. */
function isMergeable(manifest: ManifestFile): boolean {
  if (manifest.content !== 'data' || manifest.lengthBytes > icebergManifestBytesTarget / 2) return false;
  if (manifest.existingFileCount === null) return false;
  return isSettled(manifest) || fileCountOf(manifest) <= manifestMergeEntryCountMax;
}

/** Every entry is an existing one: none inherits its numbers from the manifest list, and none is gone. */
function isSettled({ addedFileCount, deletedFileCount }: ManifestFile): boolean {
  return addedFileCount === 0 && deletedFileCount === 0;
}

/** @returns null where entries must be decoded: they change, or another program wrote them in its own schema. */
async function copyOf(manifest: ManifestFile, { reader, spec, schemas }: MergeContext): Promise<CopiedManifest | null> {
  if (!isSettled(manifest)) return null;
  const { path } = manifest;
  const bytes = await reader.bytesOf(manifest);
  const header = readHeader(bytes, path);
  if (header.codec !== 'deflate' || header.metadata.get('avro.schema') !== manifestSchemaText(spec, schemas))
    return null;
  const places = readBlockIndex(header, bytes.length);
  const blocks = blocksIn(bytes.subarray(header.lengthBytes), header, path);
  return {
    manifest,
    blocks: blocks.map((block, position) => ({
      block,
      partitions: places?.[position]?.partitions ?? manifest.partitions,
    })),
  };
}

/**
 * Writes all manifests of a spec anew, large ones too, so that each covers few partitions. Takes as long as the table is large:
 * maintenance asks for it.
 */
export async function clusterManifests(kept: readonly ManifestFile[], context: MergeContext): Promise<Merge> {
  const own = kept.filter((each) => each.content === 'data' && each.specId === context.spec['spec-id']);
  const chosen = upTo(
    manifestRewriteBytesMax,
    own.toSorted((a, b) => a.lengthBytes - b.lengthBytes),
  );
  if (chosen.length === 0) return nothing;
  const sorted = await sortedEntries(chosen, context);
  const totalBytes = chosen.reduce((sum, manifest) => sum + manifest.lengthBytes, 0);
  const groupCount = Math.max(1, Math.ceil(totalBytes / icebergManifestBytesTarget));
  const perGroup = Math.ceil(sorted.length / groupCount);
  const groups = Array.from({ length: groupCount }, (_, group) => ({
    entries: sorted.slice(group * perGroup, (group + 1) * perGroup),
    copied: [],
  }));
  return { replaced: new Set(chosen), groups: groups.filter(({ entries }) => entries.length > 0) };
}

/** By partition, so that each block covers few partitions and can be skipped. */
async function sortedEntries(
  manifests: readonly ManifestFile[],
  { reader, snapshotId }: MergeContext,
): Promise<ManifestEntry[]> {
  const placed: { readonly entry: ManifestEntry; readonly place: string }[] = [];
  await reader.visitLive(manifests, (live) => {
    for (const entry of live) {
      const place = `${formatJson(entry.file[dataFileId.partition])} ${pathOf(entry.file)}`;
      placed.push({ entry: carried(entry, false, snapshotId), place });
    }
    return false;
  });
  return placed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ entry }) => entry);
}

/** In the order given. */
function upTo(lengthBytesMax: number, manifests: readonly ManifestFile[]): ManifestFile[] {
  let totalBytes = 0;
  return manifests.filter((each) => {
    totalBytes += each.lengthBytes;
    return totalBytes <= lengthBytesMax;
  });
}
