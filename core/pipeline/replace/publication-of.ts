import type { Manifest } from '#schemas/manifest.ts';
import type { Replacement } from '#schemas/replacement.ts';
import { granuleVersionId, manifestIdOf } from '../granule-version.ts';

/** The manifest that shows the granules of a replacement to everybody. The same replacement gives the same. */
export function publicationOf({ replacement_id, granules, source }: Replacement): Manifest {
  const published = granules.map(({ granule }) => ({
    ...granule,
    granule_version_id: granuleVersionId(granule.parts, source, `publication of ${replacement_id}`),
  }));
  return {
    format_version: 1,
    manifest_id: manifestIdOf(published),
    source,
    granules: published,
    replaces: Object.fromEntries(granules.map(({ granule, replaces }) => [granule.granule_key, replaces])),
  };
}
