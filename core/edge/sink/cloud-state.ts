import { granuleStateSchema } from '#schemas/granule-state.ts';
import { holdSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { TemporaryError } from '../../errors.ts';
import { readRecord } from '../../pipeline/ledger.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/**
 * Whether the cloud has made the granule's rows from its raw cube: then what the field made of it comes too late.
 * @throws TemporaryError while a settlement is about to say so. Disposition: retry.
 */
export async function isSettledInCloud(warehouse: ObjectStore, granuleKey: string): Promise<boolean> {
  // In this order: a settlement that is over at the second look has written the state that the third look finds.
  const hold = await readRecord(warehouse, controlKeys.hold(granuleKey), holdSchema);
  if (hold !== null && (await warehouse.head(controlKeys.settlement(hold.value.manifest_id))) === null) {
    throw new TemporaryError(
      `Expected manifest ${hold.value.manifest_id} to settle, got none yet (${granuleKey}). Its parts wait.`,
      { granuleKey },
    );
  }
  return (await readRecord(warehouse, controlKeys.granule(granuleKey), granuleStateSchema)) !== null;
}
