import { type SettlementFailure, settlementFailureSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { CubelakeError } from '../errors.ts';
import type { FlowContext } from './flow-context.ts';
import { readRecord, writeRecord } from './ledger.ts';

/**
 * Keeps why a manifest could not be settled, for whoever asks for its granules while its event waits for another try or lies
 * among the dead letters.
 */
export async function writeSettlementFailure(
  { warehouse }: Pick<FlowContext, 'warehouse'>,
  manifestId: string,
  error: unknown,
): Promise<void> {
  const failure: SettlementFailure = {
    manifest_id: manifestId,
    error: error instanceof Error ? error.name : 'Error',
    reason: error instanceof Error ? error.message : String(error),
    disposition: error instanceof CubelakeError ? error.disposition : 'bug',
  };
  try {
    await writeRecord(warehouse, controlKeys.settlementFailure(manifestId), failure);
  } catch {
    // The failure itself is what the caller has to hear of.
  }
}

/** Why the newest try failed; null where none has. Only of use for a manifest that is not settled. */
export async function readSettlementFailure(
  { warehouse }: Pick<FlowContext, 'warehouse'>,
  manifestId: string,
): Promise<SettlementFailure | null> {
  const record = await readRecord(warehouse, controlKeys.settlementFailure(manifestId), settlementFailureSchema);
  return record?.value ?? null;
}
