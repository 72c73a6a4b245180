import { type EdgeComparison, edgeComparisonSchema } from '#schemas/edge-comparison.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { ledgerParallelCount } from '../limits.ts';
import type { FlowContext } from './flow-context.ts';
import { inParallel } from './in-parallel.ts';
import { readRecord } from './ledger.ts';

/** Granules of which the cloud made something else than the field, beyond tolerance. */
export async function edgeMismatches({ warehouse }: Pick<FlowContext, 'warehouse'>): Promise<EdgeComparison[]> {
  const listed = await Array.fromAsync(warehouse.list(controlKeys.edgeComparisonPrefix));
  const records = await inParallel(listed, ledgerParallelCount, ({ key }) =>
    readRecord(warehouse, key, edgeComparisonSchema),
  );
  return records.flatMap((record) => (record !== null && record.value.beyond.length > 0 ? [record.value] : []));
}
