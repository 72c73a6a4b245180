import {
  icebergManifestBytesTarget,
  icebergManifestCountBeforeMerge,
  manifestMergeBytesMax,
  manifestRewriteBytesMax,
} from '../../limits.ts';
import { dataFileId, pathOf } from './data-file-record.ts';
import { formatJson } from './json-int64.ts';
import { carried } from './live-files.ts';
import type { ManifestEntry } from './manifest.ts';
import type { ManifestFile } from './manifest-list.ts';
import type { ManifestReader } from './manifest-reader.ts';

export interface Merge {
  /** Manifests that the groups take the place of. */
  readonly replaced: ReadonlySet<ManifestFile>;
  /** Entries of each new manifest. */
  readonly groups: readonly (readonly ManifestEntry[])[];
}

/**
 * Merges small manifests when a snapshot would have too many. Entries are sorted by partition first, so that each merged
 * manifest covers few partitions and can still be skipped.
 *
 * @param kept Manifests of earlier commits that this commit leaves as they are.
 * @param specId Only manifests of this spec are merged with each other.
 */
export async function mergeSmallManifests(
  kept: readonly ManifestFile[],
  specId: number,
  snapshotId: bigint,
  reader: ManifestReader,
): Promise<Merge> {
  const chosen = kept.length < icebergManifestCountBeforeMerge ? [] : smallManifests(kept, specId);
  return chosen.length < 2 ? nothing : merged(chosen, snapshotId, reader);
}

const nothing: Merge = { replaced: new Set(), groups: [] };

/** Writes all manifests of a spec anew, large ones too, so that each covers few partitions. */
export async function clusterManifests(
  kept: readonly ManifestFile[],
  specId: number,
  snapshotId: bigint,
  reader: ManifestReader,
): Promise<Merge> {
  const chosen = upTo(
    manifestRewriteBytesMax,
    kept.filter((each) => each.content === 'data' && each.specId === specId),
  );
  return chosen.length === 0 ? nothing : merged(chosen, snapshotId, reader);
}

async function merged(chosen: readonly ManifestFile[], snapshotId: bigint, reader: ManifestReader): Promise<Merge> {
  const entries: ManifestEntry[] = [];
  await reader.visitLive(chosen, (live) => {
    entries.push(...live.map((entry) => carried(entry, false, snapshotId)));
    return false;
  });
  const sorted = entries
    .map((entry) => ({ entry, place: `${formatJson(entry.file[dataFileId.partition])} ${pathOf(entry.file)}` }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ entry }) => entry);
  const totalBytes = chosen.reduce((sum, manifest) => sum + manifest.lengthBytes, 0);
  const groupCount = Math.max(1, Math.ceil(totalBytes / icebergManifestBytesTarget));
  const perGroup = Math.ceil(sorted.length / groupCount);
  const groups = Array.from({ length: groupCount }, (_, group) =>
    sorted.slice(group * perGroup, (group + 1) * perGroup),
  );
  return { replaced: new Set(chosen), groups: groups.filter((group) => group.length > 0) };
}

/** The smallest first, up to what one commit may read. Those above half the target would gain nothing. */
function smallManifests(kept: readonly ManifestFile[], specId: number): ManifestFile[] {
  const small = kept
    .filter((each) => each.content === 'data' && each.specId === specId)
    .filter((each) => each.lengthBytes <= icebergManifestBytesTarget / 2);
  return upTo(manifestMergeBytesMax, small);
}

function upTo(lengthBytesMax: number, manifests: readonly ManifestFile[]): ManifestFile[] {
  let totalBytes = 0;
  return manifests
    .toSorted((a, b) => a.lengthBytes - b.lengthBytes)
    .filter((each) => {
      totalBytes += each.lengthBytes;
      return totalBytes <= lengthBytesMax;
    });
}
