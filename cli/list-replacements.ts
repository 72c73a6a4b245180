import type { FlowContext } from '#core/pipeline/flow-context.ts';
import { readRecord } from '#core/pipeline/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type Replacement, replacementSchema } from '#schemas/replacement.ts';

/** All replacements that were ever begun, in the order of their ids. */
export async function listReplacements(lake: Pick<FlowContext, 'warehouse'>): Promise<Replacement[]> {
  const replacements: Replacement[] = [];
  for await (const { key } of lake.warehouse.list(controlKeys.replacementPrefix)) {
    const record = await readRecord(lake.warehouse, key, replacementSchema);
    if (record !== null) replacements.push(record.value);
  }
  return replacements;
}
