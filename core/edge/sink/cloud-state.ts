import { granuleStateSchema } from '#schemas/granule-state.ts';
import { holdSchema, settlementPlanSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { readRecord } from '../../pipeline/ledger.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/**
 * Whether the cloud has made the granule's rows from its raw cube, or has decided to: then what the field made of it comes too
 * late. A plan is written once and carried out whatever happens, so nobody has to wait for its end. Before there is a plan no
 * table has rows of it, and the settlement that brings them takes out what the field brought before.
 *
 * Ask after the look at the table: a settlement that this does not see publishes after that look.
 */
export async function isMadeInCloud(warehouse: ObjectStore, granuleKey: string): Promise<boolean> {
  if ((await readRecord(warehouse, controlKeys.granule(granuleKey), granuleStateSchema)) !== null) return true;
  const hold = await readRecord(warehouse, controlKeys.hold(granuleKey), holdSchema);
  if (hold === null) return false;
  const plan = await readRecord(warehouse, controlKeys.settlementPlan(hold.value.manifest_id), settlementPlanSchema);
  const planned = plan?.value.granules.find(({ granule }) => granule.granule_key === granuleKey);
  return planned?.verdict === 'complete';
}
