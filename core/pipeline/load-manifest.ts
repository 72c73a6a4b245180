import { type Manifest, manifestSchema } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { FormatError, NotFoundError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { manifestIdOf } from './granule-version.ts';
import { readRecord } from './ledger.ts';

/**
 * A manifest by its id.
 * @throws NotFoundError when it was never written; FormatError when its granules do not make its id. Disposition: quarantine.
 */
export async function loadManifest(
  context: { readonly warehouse: ObjectStore },
  manifestId: string,
): Promise<Manifest> {
  const key = controlKeys.manifest(manifestId);
  const record = await readRecord(context.warehouse, key, manifestSchema);
  if (record === null) throw new NotFoundError(`Expected a manifest, got none (${key}).`, { manifestId });
  const computedId = manifestIdOf(record.value.granules);
  if (record.value.manifest_id !== manifestId || computedId !== manifestId) {
    throw new FormatError(`Expected manifest ${manifestId}, got granules of ${computedId} (${key}).`, { manifestId });
  }
  return record.value;
}
