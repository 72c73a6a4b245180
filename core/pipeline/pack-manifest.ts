import type { Granule, Manifest } from '#schemas/manifest.ts';
import { manifestGranuleCountMax, manifestGranuleCountMin } from '../limits.ts';
import { compareKeys } from '../ports/object-key.ts';
import { manifestIdOf } from './granule-version.ts';

export interface GranuleRequest {
  readonly granule: Granule;
  readonly source: Manifest['source'];
}

/** `full`: only manifests of 50 granules and more; what is left waits. `flush`: whatever is there. */
export type PackMode = 'full' | 'flush';

/**
 * Packs granules into manifests of at most 200, as even as they come, so that 210 make two of 105 and none waits. A
 * manifest has one payload and one source, and holds a granule at most once: of two requests for one granule the second
 * waits for a later manifest.
 */
export function packManifests(requests: readonly GranuleRequest[], mode: PackMode): Manifest[] {
  const groups = new Map<string, Map<string, GranuleRequest>>();
  for (const request of requests.toSorted(byGranule)) {
    const groupKey = JSON.stringify([request.granule.payload, request.source]);
    const group = groups.get(groupKey) ?? new Map<string, GranuleRequest>();
    if (!group.has(request.granule.granule_key)) group.set(request.granule.granule_key, request);
    groups.set(groupKey, group);
  }
  return [...groups.values()].flatMap((group) => manifestsOf([...group.values()], mode));
}

function manifestsOf(requests: readonly GranuleRequest[], mode: PackMode): Manifest[] {
  if (requests.length === 0 || (mode === 'full' && requests.length < manifestGranuleCountMin)) return [];
  const manifestCount = Math.ceil(requests.length / manifestGranuleCountMax);
  return Array.from({ length: manifestCount }, (_, position) => {
    const start = Math.floor((position * requests.length) / manifestCount);
    const end = Math.floor(((position + 1) * requests.length) / manifestCount);
    return manifestOf(requests.slice(start, end));
  });
}

/** @param requests At least one, all of one payload and source. */
export function manifestOf(requests: readonly GranuleRequest[]): Manifest {
  const granules = requests.toSorted(byGranule).map(({ granule }) => granule);
  return { format_version: 1, manifest_id: manifestIdOf(granules), source: requests[0]!.source, granules };
}

function byGranule(left: GranuleRequest, right: GranuleRequest): number {
  return (
    compareKeys(left.granule.granule_key, right.granule.granule_key) ||
    compareKeys(left.granule.granule_version_id, right.granule.granule_version_id)
  );
}
